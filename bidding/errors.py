"""Every error that `bidding` raises on purpose."""

from measurement.errors import BadInput


class BidError(BadInput):
    """An account, a report or a run that cannot be used: names file, row or rule and the remedy."""

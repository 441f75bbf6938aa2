"""What a row can be: roles of keys, states of jobs, geo tests, bid runs and deliveries. Values only."""

from enum import StrEnum


class Role(StrEnum):
    """What a key may do, in the words of a company; what exactly stands in `api/auth.py`."""

    BUYER = "buyer"
    ANALYST = "analyst"
    AUTOMATION = "automation"
    ADMIN = "admin"


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


class GeoTestState(StrEnum):
    """Where a geo test stands."""

    DESIGNED = "designed"
    LOCKED = "locked"
    RUNNING = "running"
    ANALYSED = "analysed"


class BidRunState(StrEnum):
    """Where a night's bids stand; the ledger says what was written."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    APPLIED = "applied"
    ROLLED_BACK = "rolled_back"
    STOPPED = "stopped"


class DeliveryState(StrEnum):
    """Where an alert to a webhook stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Outcome(StrEnum):
    """How what somebody did ended, in the audit trail."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"

"""Campaigns in, the plan's channel of each out, by the ids and names that `account.toml` lists."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np

from bidding.account import Account
from bidding.errors import BidError
from bidding.reports.parsed import ParsedCampaigns
from bidding.snapshot import IntArray, Platform

NO_CHANNEL = -1


def channel_of(campaigns: ParsedCampaigns, platform: Platform, account: Account) -> IntArray:
    """Place in the account's channels of every campaign, `NO_CHANNEL` where none claims it, `(M,)`.

    Raises:
        BidError: two channels claim one campaign.
    """
    mine = [place for place, channel in enumerate(account.channels) if channel.platform is platform]
    found = np.full(len(campaigns.ids), NO_CHANNEL, dtype=np.int64)
    for row, (name, told) in enumerate(zip(campaigns.ids, campaigns.names, strict=True)):
        claims = [place for place in mine if _claims(account.channels[place].campaigns, name, told)]
        if len(claims) > 1:
            first, second = (account.channels[place].name for place in claims[:2])
            raise BidError(
                f"campaign {told or name!r} ({name}) belongs to channels {first} and {second}: make their lists of "
                "campaigns in account.toml exclude each other"
            )
        if claims:
            found[row] = claims[0]
    return found


def _claims(patterns: Sequence[str], identifier: str, name: str) -> bool:
    texts = (identifier, name.casefold())
    return not patterns or any(fnmatchcase(text, pattern.casefold()) for pattern in patterns for text in texts)

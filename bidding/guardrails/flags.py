"""Where each guardrail applies: a night in, a mask over targets or campaigns per guardrail out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bidding.circumstances import Circumstances, KillScope
from bidding.days import days_since, totals
from bidding.guardrails.data_checks import incomplete_channels, stale_channels
from bidding.guardrails.rules import Guard
from bidding.guardrails.tracking import Anomalies, tracking_anomalies
from bidding.history import MANUAL_DAYS, History
from bidding.night import Night
from bidding.outlook import Trust
from bidding.snapshot import Snapshot

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
Flags = dict[Guard, BoolArray]

_WHOLE = (KillScope.GLOBAL, KillScope.ACCOUNT)
_STARTS = ((Guard.EVENT, np.isnan), (Guard.EVENT_RISES, lambda by: by > 1), (Guard.EVENT_FALLS, lambda by: by < 1))


@dataclass(frozen=True, eq=False)
class Found:
    """What stands against channels and campaigns before any target is looked at.

    Attributes:
        channels: guardrail → channels it applies to `(C,)`.
        campaigns: guardrail → campaigns it applies to `(M,)`, those of its channels included.
        why: guardrail and channel → the end of its sentence.
    """

    channels: Mapping[Guard, BoolArray]
    campaigns: Mapping[Guard, BoolArray]
    why: Mapping[tuple[Guard, int], str] = field(default_factory=dict)


def find(night: Night) -> Found:
    """Kill switches, the data's state, tracking, geo tests and events, by channel and campaign."""
    snapshot = night.snapshot
    why: dict[tuple[Guard, int], str] = {}
    channels: Flags = {}
    for guard, found in (
        (Guard.STALE_DATA, stale_channels(snapshot)),
        (Guard.INCOMPLETE_DATA, incomplete_channels(snapshot)),
    ):
        channels[guard] = np.array([c in found for c in range(len(snapshot.channels))], dtype=bool)
        why |= {(guard, c): words for c, words in found.items()}
    anomalies = tracking_anomalies(snapshot, night.account, night.values)
    channels[Guard.TRACKING_ANOMALY] = anomalies.channels
    why |= {(Guard.TRACKING_ANOMALY, c): words for c, words in enumerate(_seen(snapshot, anomalies))}
    campaigns = {guard: mask[snapshot.campaigns.channel] for guard, mask in channels.items()}
    campaigns[Guard.TRACKING_ANOMALY] = campaigns[Guard.TRACKING_ANOMALY] | anomalies.campaigns
    for guard, mask, words in (*_kills(snapshot, night.circumstances), *_tests(snapshot, night.circumstances)):
        campaigns[guard] = campaigns.get(guard, np.zeros(len(mask), dtype=bool)) | mask
        why |= {(guard, int(c)): words for c in np.unique(snapshot.campaigns.channel[mask])}
    for guard, mask, words in _events(snapshot, night.circumstances):
        campaigns[guard] = campaigns.get(guard, np.zeros(len(mask), dtype=bool)) | mask
        why |= {(guard, int(c)): words for c in np.unique(snapshot.campaigns.channel[mask])}
    return Found(channels, campaigns, why)


def flags_of_targets(night: Night, found: Found, live: IntArray) -> Flags:
    """Every guardrail that holds or stops a direction, over targets `(N,)`."""
    snapshot, channel = night.snapshot, night.snapshot.channel_of_targets()
    flags: Flags = {guard: mask[snapshot.targets.campaign] for guard, mask in found.campaigns.items()}
    if night.circumstances.unavailable is not None:
        flags[Guard.NO_STOCK] = night.circumstances.unavailable
    flags |= flags_of_history(night, night.history, live, channel)
    least = night.by_channel(channel, {c: night.channel(c).limits.min_clicks for c in range(len(snapshot.channels))})
    clicks = totals(snapshot.performance.target, snapshot.performance.clicks, len(channel))
    flags[Guard.MINIMUM_DATA] = clicks < least
    flags[Guard.TRUST] = ~np.isin(night.values.trust, (Trust.TRUSTED, Trust.FACTOR_STATED))
    return flags


def flags_of_history(night: Night, history: History, live: IntArray, channel: IntArray) -> Flags:
    """A person's change of the last days, and our own change too short ago."""
    today = night.snapshot.today
    days = {c: night.channel(c).limits.cool_down_days for c in range(len(night.snapshot.channels))}
    since = days_since(history.applied_on, today)
    manual = history.days_since_manual(live, today)
    return {
        Guard.MANUAL_CHANGE: (manual >= 0) & (manual < MANUAL_DAYS),
        Guard.COOL_DOWN: (since < night.by_channel(channel, days)) & ~history.never_taken_over(live),
    }


def _seen(snapshot: Snapshot, anomalies: Anomalies) -> list[str]:
    """By channel: what was counted, or which campaigns alone lack their orders."""
    names = snapshot.campaigns.names
    alone = [names[anomalies.campaigns & (snapshot.campaigns.channel == c)] for c in range(len(snapshot.channels))]
    whole = zip(anomalies.channels, anomalies.seen, alone, strict=True)
    return [words if all_of_it else f" in {', '.join(map(repr, few[:3]))}" for all_of_it, words, few in whole]


def _kills(snapshot: Snapshot, around: Circumstances) -> list[tuple[Guard, BoolArray, str]]:
    campaigns = snapshot.campaigns
    names = np.array(snapshot.channels, dtype=object)[campaigns.channel]
    found = []
    for kill in around.kills:
        whole = kill.scope in _WHOLE
        here = names == kill.name if kill.scope is KillScope.CHANNEL else campaigns.ids == kill.name
        by = f" by {kill.by}" if kill.by else ""
        words = f" ({kill.scope.value}{by}{f': {kill.why}' if kill.why else ''})"
        found.append((Guard.KILL_SWITCH, np.ones(len(names), dtype=bool) if whole else here.astype(bool), words))
    return found


def _tests(snapshot: Snapshot, around: Circumstances) -> list[tuple[Guard, BoolArray, str]]:
    """Bids cannot be held in one geo: campaigns that alone reach it are, where named, else the whole channel."""
    found = []
    today: date = snapshot.today.astype("datetime64[D]").item()
    for freeze in around.freezes:
        on = np.array([freeze.is_on(name, today) for name in snapshot.channels], dtype=bool)
        mask = on[snapshot.campaigns.channel]
        if freeze.campaigns:
            mask = mask & np.isin(snapshot.campaigns.ids.astype(str), freeze.campaigns)
        found.append((Guard.GEO_TEST, mask, f" ({freeze.test}, until {freeze.end})"))
    return found


def _events(snapshot: Snapshot, around: Circumstances) -> list[tuple[Guard, BoolArray, str]]:
    found = []
    for event in around.events:
        on = np.array([event.touches(name, snapshot.today) for name in snapshot.channels], dtype=bool)
        guard = next((guard for guard, is_it in _STARTS if is_it(event.multiplier)), None)
        if guard is not None:
            found.append((guard, on[snapshot.campaigns.channel], f" ({event.name}, until {event.end})"))
    return found

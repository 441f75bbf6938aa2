"""Conversions that vanish while clicks go on: a snapshot and its click values in, the channels and campaigns out.

Orders of the last days are held against clicks x conversion rate x how complete days of that age are. The count is
negative binomial, its dispersion taken from the channel's own older days; a level of one in a hundred thousand is
shared among everything that is tested (Bonferroni): by chance alone an account is held back on one night in 100,000.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bidding.days import totals
from bidding.outlook import ClickValues
from bidding.snapshot import Restatement, Snapshot

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LEVEL = 1e-5
RECENT_DAYS = 3
CAUTIOUS_COMPLETENESS = 0.3
"""Of a fresh day's orders, where no earlier pull tells: less than the half that comes within a day of the click."""
MATURE_AGE = 28
SETTLED_AGE = 7
FEWEST_DAYS = 10


@dataclass(frozen=True, eq=False)
class Anomalies:
    """Where conversions vanished: by channel `(C,)`, by campaign `(M,)`, and what was seen, by channel."""

    channels: BoolArray
    campaigns: BoolArray
    seen: tuple[str, ...]


def tracking_anomalies(snapshot: Snapshot, values: ClickValues) -> Anomalies:
    """Test every channel and every campaign on its last three days."""
    channels, campaigns = len(snapshot.channels), len(snapshot.campaigns.ids)
    rows = snapshot.performance
    of_campaign = snapshot.targets.campaign[rows.target]
    of_channel = snapshot.campaigns.channel[of_campaign]
    matured = rows.clicks * np.nan_to_num(values.conversion_rate[rows.target])
    expected = matured * completeness(snapshot)[of_channel, np.minimum(rows.age, MATURE_AGE)]
    recent = rows.day.astype("datetime64[D]") >= snapshot.today - np.timedelta64(RECENT_DAYS, "D")
    dispersion = np.array([_dispersion(snapshot, matured, of_channel == c) for c in range(channels)])

    def vanished(group: IntArray, count: int, spread: FloatArray) -> tuple[BoolArray, FloatArray, FloatArray]:
        due = totals(group[recent], expected[recent], count)
        came = totals(group[recent], rows.orders[recent], count)
        return fewer_than_chance(came, due, spread) < LEVEL / (channels + campaigns), due, came

    by_channel, due, came = vanished(of_channel, channels, dispersion)
    by_campaign, _, _ = vanished(of_campaign, campaigns, dispersion[snapshot.campaigns.channel])
    seen = tuple(
        f": {c:,.0f} orders in {RECENT_DAYS} days where about {d:,.0f} were due" for c, d in zip(came, due, strict=True)
    )
    return Anomalies(by_channel, by_campaign, seen)


def fewer_than_chance(came: FloatArray, due: FloatArray, dispersion: FloatArray) -> FloatArray:
    """Probability of so few or fewer: Poisson where the dispersion is 0, else variance `due + dispersion due^2`."""
    safe = np.maximum(due, 1e-12)
    poisson = stats.poisson.cdf(came, safe)
    size = 1 / np.maximum(dispersion, 1e-9)
    found: FloatArray = np.where(dispersion > 1e-9, stats.nbinom.cdf(came, size, size / (size + safe)), poisson)
    return found


def completeness(snapshot: Snapshot) -> FloatArray:
    """Share of a day's final orders that is known at each age 0..28, by channel, `(C, 29)`; from vintages.

    A ratio of totals over the days seen at both ages, chained from one age to the next (chain ladder).
    """
    seen = snapshot.restatement
    shares = np.full((len(snapshot.channels), MATURE_AGE + 1), CAUTIOUS_COMPLETENESS)
    shares[:, -1] = 1.0
    for channel in range(len(snapshot.channels)):
        mine = seen.channel == channel
        if mine.any():
            shares[channel] = _chain(seen, mine)
    return shares


def _chain(seen: Restatement, mine: BoolArray) -> FloatArray:
    day = seen.day[mine].astype("datetime64[D]").astype(np.int64)
    age = np.minimum(seen.age[mine], MATURE_AGE)
    table = np.full((np.ptp(day) + 1, MATURE_AGE + 1), np.nan)
    table[day - day.min(), age] = seen.orders[mine]
    shares = np.ones(MATURE_AGE + 1)
    for at in range(MATURE_AGE - 1, -1, -1):
        both = np.isfinite(table[:, at]) & np.isfinite(table[:, at + 1])
        later = table[both, at + 1].sum()
        ratio = table[both, at].sum() / later if later > 0 else (CAUTIOUS_COMPLETENESS if at == 0 else 1.0)
        shares[at] = shares[at + 1] * min(ratio, 1.0)
    return shares


def _dispersion(snapshot: Snapshot, expected: FloatArray, mine: BoolArray) -> float:
    """Of days that are nearly complete around what was due, beyond Poisson; by moments, scaled to their mean."""
    rows = snapshot.performance
    use = mine & (rows.age > SETTLED_AGE)
    if not use.any():
        return 0.0
    day = rows.day[use].astype("datetime64[D]").astype(np.int64)
    due = np.bincount(day - day.min(), weights=expected[use])
    came = np.bincount(day - day.min(), weights=rows.orders[use])
    due, came = due[due > 0], came[due > 0]
    if len(due) < FEWEST_DAYS or not came.sum():
        return 0.0
    due = due * came.sum() / due.sum()
    return max(float((((came - due) ** 2).sum() - due.sum()) / (due**2).sum()), 0.0)

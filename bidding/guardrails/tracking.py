"""Conversions that vanish while clicks go on: a snapshot and its click values in, the channels and campaigns out.

Orders of the last days are held against clicks x conversion rate x how complete days of that age are. The count is
negative binomial, its dispersion taken from the channel's own older days; a level of one in a hundred thousand is
shared among everything that is tested (Bonferroni): by chance alone an account is held back on one night in 100,000.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bidding.account import Account
from bidding.days import totals
from bidding.maturity import learn_maturity
from bidding.outlook import ClickValues
from bidding.snapshot import Snapshot

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LEVEL = 1e-5
RECENT_DAYS = 3
CAUTION_SDS = 2.0
"""Days are taken to be less complete than is learnt by so many standard deviations: fewer orders are then due."""
SETTLED_AGE = 7
FEWEST_DAYS = 10


@dataclass(frozen=True, eq=False)
class Anomalies:
    """Where conversions vanished: by channel `(C,)`, by campaign `(M,)`, and what was seen, by channel."""

    channels: BoolArray
    campaigns: BoolArray
    seen: tuple[str, ...]


def tracking_anomalies(snapshot: Snapshot, account: Account, values: ClickValues) -> Anomalies:
    """Test every channel and every campaign on its last three days."""
    channels, campaigns = len(snapshot.channels), len(snapshot.campaigns.ids)
    rows = snapshot.performance
    matured = rows.clicks * np.nan_to_num(values.conversion_rate)[rows.target]
    of_row = snapshot.channel_of_targets()[rows.target]
    dispersion = np.array([_dispersion(snapshot, matured, of_row == c) for c in range(channels)])
    recent = np.flatnonzero(rows.day >= snapshot.today - np.timedelta64(RECENT_DAYS, "D"))
    of_campaign, of_channel = snapshot.targets.campaign[rows.target[recent]], of_row[recent]
    maturity = learn_maturity(snapshot, account)
    least = np.maximum(maturity.complete - CAUTION_SDS * maturity.complete_sd, 0.0)
    expected = matured[recent] * replace(maturity, complete=least).of(of_channel, rows.age[recent])

    def vanished(group: IntArray, count: int, spread: FloatArray) -> tuple[BoolArray, FloatArray, FloatArray]:
        due, came = totals(group, expected, count), totals(group, rows.orders[recent], count)
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


def _dispersion(snapshot: Snapshot, expected: FloatArray, mine: BoolArray) -> float:
    """Of days that are nearly complete around what was due, beyond Poisson; by moments, scaled to their mean."""
    rows = snapshot.performance
    use = mine & (rows.age > SETTLED_AGE)
    if not use.any():
        return 0.0
    day = rows.day[use].astype("datetime64[D]", copy=False).astype(np.int64)
    day -= day.min()
    due, came = (np.bincount(day, weights=each[use]) for each in (expected, rows.orders))
    due, came = due[due > 0], came[due > 0]
    if len(due) < FEWEST_DAYS or not came.sum():
        return 0.0
    due = due * came.sum() / due.sum()
    return max(float((((came - due) ** 2).sum() - due.sum()) / (due**2).sum()), 0.0)

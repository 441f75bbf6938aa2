"""A fitted model, an account and a plan in; out come the incremental shares of attributed sales that bids count on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gamma

from bidding.account import Account, AccountChannel
from bidding.outlook import Trust
from measurement.claims import ELASTICITY_PRIOR, channel_claims, marginal_ratio_at
from measurement.fitted import FittedModel
from measurement.posterior import current_spend, marginal_iroas
from measurement.report import Verdict

FloatArray = NDArray[np.float64]

VALID_WEEKS = 26
"""A share counts for half a year after the panel's last week: seasons, prices and rivals move it."""
STATED_SD = 0.3
"""Relative sd of a share that somebody stated."""
UNKNOWN_SHARE = (0.5, 0.3)
"""Mean and sd where neither a model nor anybody tells: nearly flat between nothing and everything."""
DRAWS = 400
LARGEST_SHARE = 3.0
BRAND_SUFFIXES = ("_brand", "_branded")
GENERIC_SUFFIXES = ("_generic", "_nonbrand", "_non_brand")


@dataclass(frozen=True, eq=False)
class PlannedSpend:
    """The plan that the margin is taken at: money by channel over some weeks."""

    spend: Mapping[str, float]
    weeks: int


@dataclass(frozen=True, eq=False)
class Factor:
    """Incremental share of a channel's attributed sales, at the margin of its planned spend.

    Attributes:
        channel: of the account.
        branded: whose targets it counts for; `None` for all.
        draws: posterior draws of the share, `(D,)`.
        verdict: of the model on the channel; `None` where the share was stated or nothing is known.
        stated: somebody stated it in the account.
        measured_on, expires_on: days; the share does not raise bids after the latter.
        source: where it comes from, for a person.
    """

    channel: str
    branded: bool | None
    draws: FloatArray
    verdict: Verdict | None
    stated: bool
    measured_on: np.datetime64
    expires_on: np.datetime64
    source: str

    @property
    def share(self) -> float:
        """Its mean."""
        return float(self.draws.mean())

    @property
    def share_sd(self) -> float:
        """Its standard deviation."""
        return float(self.draws.std())

    def trust(self, today: np.datetime64) -> Trust:
        """Whether the share may raise bids on a day, or why not."""
        if self.stated:
            return Trust.FACTOR_STATED
        if self.verdict in (None, Verdict.NOT_MEASURABLE):
            return Trust.CHANNEL_NOT_MEASURABLE
        if today > self.expires_on:
            return Trust.FACTOR_EXPIRED
        return Trust.CHANNEL_WEAK if self.verdict is Verdict.WEAK else Trust.TRUSTED


def factors_of(
    account: Account,
    today: np.datetime64,
    model: FittedModel | None = None,
    planned: PlannedSpend | None = None,
    reported_roas: Mapping[tuple[str, bool | None], float] | None = None,
) -> tuple[Factor, ...]:
    """One share per channel, or two where the model has its branded and generic parts as channels of their own.

    Args:
        account: whose channels; names are those of the panel. `amazon_brand` and `amazon_generic` in the panel serve
            the branded and the other targets of the account's channel `amazon`.
        today: dates what is stated.
        model: tells the share of every channel it has; `not_measurable` and expired ones give way to a stated one.
        planned: what the plan spends; today's spend where it is not given.
        reported_roas: attributed sales per unit of money in the platform's own reports, by channel and whether branded
            targets are meant (None: all), for channels whose attributed sales are not in the panel. The next unit is
            then taken to claim 0.85 +- 0.15 of that.
    """
    found: list[Factor] = []
    for channel in account.channels:
        measured = [] if model is None else _measured(channel, model, planned, reported_roas or {})
        told = [each for each in measured if each.trust(today) in (Trust.TRUSTED, Trust.CHANNEL_WEAK)]
        if len(told) == len(measured) > 0 or (measured and channel.incremental_share is None):
            found += measured
        elif channel.incremental_share is not None:
            found.append(_stated(channel, channel.incremental_share, today))
        else:
            found.append(_unknown(channel, today))
    return tuple(found)


def _measured(
    channel: AccountChannel,
    model: FittedModel,
    planned: PlannedSpend | None,
    reported_roas: Mapping[tuple[str, bool | None], float],
) -> list[Factor]:
    names = model.panel.channel_names
    made = []
    for branded, name in parts_of(channel.name, names):
        draws = _share_draws(model, names.index(name), planned, reported_roas.get((channel.name, branded)))
        if draws is not None:
            made.append(_factor(channel.name, branded, draws, model, names.index(name)))
    return made


def parts_of(channel: str, names: Sequence[str]) -> tuple[tuple[bool | None, str], ...]:
    """Which of these names serve a channel of the account: its branded and generic parts, or the one of its name."""
    parts = [(branded, channel + suffix) for branded, suffixes in _PARTS for suffix in suffixes]
    served = tuple((branded, name) for branded, name in parts if name in names)
    if {branded for branded, _ in served} == {True, False}:
        return served
    return ((None, channel),) if channel in names else ()


_PARTS = ((True, BRAND_SUFFIXES), (False, GENERIC_SUFFIXES))


def _share_draws(
    model: FittedModel, index: int, planned: PlannedSpend | None, reported: float | None
) -> FloatArray | None:
    name = model.panel.channel_names[index]
    weeks = planned.weeks if planned else 13
    today = current_spend(model.panel, weeks)
    spend = planned.spend.get(name, today[index]) if planned else today[index]
    if channel_claims(model)[index] is not None:
        draws = marginal_ratio_at(model, index, float(spend), weeks)
    elif reported:
        elasticity = ELASTICITY_PRIOR[0] + ELASTICITY_PRIOR[1] * np.random.default_rng(index).standard_normal(DRAWS)
        today[index] = spend
        slope = marginal_iroas(model.panel, model.draws, today, weeks)[:, index]
        draws = np.resize(slope, DRAWS) / (np.clip(elasticity, 0.3, 1.5) * reported)
    else:
        return None
    return np.clip(draws, 0.0, LARGEST_SHARE)


def _factor(channel: str, branded: bool | None, draws: FloatArray, model: FittedModel, index: int) -> Factor:
    name = model.panel.channel_names[index]
    verdict = next(entry.verdict for entry in model.report.channels if entry.channel == name)
    measured_on = model.panel.dates[-1].astype("datetime64[D]") + np.timedelta64(6, "D")
    expires_on = measured_on + np.timedelta64(7 * VALID_WEEKS, "D")
    return Factor(
        channel, branded, draws, verdict, False, measured_on, expires_on, f"model {model.provenance.model_id}"
    )


def _stated(channel: AccountChannel, share: float, today: np.datetime64) -> Factor:
    draws = _normal(share, STATED_SD * share)
    return Factor(channel.name, None, draws, None, True, today, today, "stated in the account")


def _unknown(channel: AccountChannel, today: np.datetime64) -> Factor:
    return Factor(channel.name, None, _normal(*UNKNOWN_SHARE), None, False, today, today, "nothing is known")


def _normal(mean: float, sd: float) -> FloatArray:
    """Draws around a mean that stay above zero: a gamma variable by its quantiles."""
    if mean <= 0:
        return np.zeros(DRAWS)
    shape = (mean / max(sd, 1e-6 * mean)) ** 2
    draws: FloatArray = gamma.ppf((np.arange(DRAWS) + 0.5) / DRAWS, shape) * mean / shape
    return draws

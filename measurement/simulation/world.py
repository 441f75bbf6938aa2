"""A simulated advertiser: the panel that a fit may see, and the truth that it may not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import ArrayLike, NDArray

from measurement.errors import BadInput
from measurement.panel import Channel, Control, ControlKind, Level, Outcome, Panel
from measurement.simulation.claims import ClaimTruth, claimed_sales, draw_claims
from measurement.simulation.market import Market
from measurement.simulation.media import Media
from measurement.simulation.response import TAIL_WEEKS, ChannelTruth, saturation
from measurement.simulation.spec import HISTORY_WEEKS, WorldKind, WorldSpec

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class FinishedTest:
    """A finished geo test, as a row of `experiments.csv`; spend change and lift are treated minus counterfactual."""

    name: str
    channels: tuple[str, ...]
    outcome: str
    start: date
    end: date
    cooldown_end: date
    geos: tuple[str, ...]
    spend_change: float
    lift: float
    lift_sd: float
    true_lift: float


@dataclass(frozen=True, eq=False)
class World:
    """One simulated advertiser.

    Attributes:
        spec: what was asked for.
        panel: what a fit may see; sales are baseline + contributions + noise, in whole cents.
        market, media: the hidden truth.
        weekly_contributions: sales caused by each channel, `(G, T, C)`, in money.
        claims: how each platform claims sales.
        experiments: finished tests.
    """

    spec: WorldSpec
    panel: Panel
    market: Market
    media: Media
    weekly_contributions: FloatArray
    experiments: tuple[FinishedTest, ...] = ()
    claims: tuple[ClaimTruth, ...] = ()

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels."""
        return self.spec.channel_names

    @property
    def marked_channels(self) -> tuple[str, ...]:
        """The channels that the world's kind singles out, such as the one that sells nothing."""
        return self.media.marked

    @property
    def baseline(self) -> FloatArray:
        """Expected sales without any advertising, `(G, T)`."""
        return self.market.baseline

    @property
    def noise(self) -> FloatArray:
        """What is left of sales, `(G, T)`."""
        rest: FloatArray = self.panel.sales - self.baseline - self.weekly_contributions.sum(axis=2)
        return rest

    @property
    def true_spend(self) -> FloatArray:
        """Spend by geo as it truly was, `(G, T, C)`; the panel knows national channels only as totals."""
        return self.media.spend[:, HISTORY_WEEKS:]

    @property
    def spend_last_52_weeks(self) -> FloatArray:
        """Spend in the report's window, `(C,)`."""
        total: FloatArray = self.true_spend[:, -self.spec.window_weeks :].sum(axis=(0, 1))
        return total

    @property
    def incremental_last_52_weeks(self) -> FloatArray:
        """Incremental sales in the report's window, earlier carry-over included, `(C,)`."""
        total: FloatArray = self.weekly_contributions[:, -self.spec.window_weeks :].sum(axis=(0, 1))
        return total

    @property
    def iroas(self) -> FloatArray:
        """Incremental sales ÷ spend in the report's window, `(C,)`."""
        ratio: FloatArray = self.incremental_last_52_weeks / self.spend_last_52_weeks
        return ratio

    def impulse_response(self, weeks: int = 26) -> FloatArray:
        """Share of a week's adstock felt l weeks later, `(C, weeks)`."""
        return np.stack([truth.carry_over.impulse_response(weeks) for truth in self.media.channels])

    def current_spend(self, weeks: int) -> FloatArray:
        """What the last 52 weeks spent, scaled to `weeks`, `(C,)`."""
        return self.spend_last_52_weeks * (_positive(weeks) / self.spec.window_weeks)

    def plan_incremental(self, spend_total: ArrayLike, weeks: int) -> FloatArray:
        """Sales that planned totals cause in the `weeks` after the panel and, through carry-out, after them.

        Spend is even over the weeks and in the last 52 weeks' shares over geos; the sales of earlier spend alone
        are taken off; effectiveness stays as it was in the panel's last week.

        Args:
            spend_total: totals over the planned weeks, `(C,)`, in money.
            weeks: planned weeks.

        Returns:
            True incremental sales, `(C,)`.
        """
        totals = np.asarray(spend_total, dtype=np.float64)
        if totals.shape != (len(self.channels),):
            raise BadInput(f"a plan needs one total for each of {len(self.channels)} channels, got {totals.shape}")
        return np.array(
            [self.response_curve(name, [total], weeks)[0] for name, total in zip(self.channels, totals, strict=True)]
        )

    def response_curve(self, channel: str, spend_totals: Sequence[float] | FloatArray, weeks: int) -> FloatArray:
        """The response curve of a plan for one channel at several totals, `(K,)`; see `plan_incremental`."""
        totals = np.asarray(spend_totals, dtype=np.float64)
        if not np.isfinite(totals).all() or (totals < 0).any():
            raise BadInput(f"planned spend on {channel} must be a finite number, zero or more")
        index = self.channels.index(channel)
        truth, population = self.media.channels[index], self.market.population
        carried_in, per_unit = self._adstock_ahead(index, _positive(weeks))
        weight = population * truth.geo_effects * truth.effectiveness[-1]
        without = weight @ self._per_head(truth, carried_in)
        return np.array(
            [(weight @ self._per_head(truth, carried_in + total * per_unit) - without).sum() for total in totals]
        )

    def claimed_share(self) -> tuple[FloatArray, FloatArray]:
        """True incremental over claimed sales in the report's window, on average and at the margin, `(C,)` each."""
        window = self.spec.window_weeks
        claimed = self.panel.attributed_sales[:, -window:].sum(axis=(0, 1))
        elasticity = np.array([each.elasticity for each in self.claims])
        at_the_margin = elasticity * claimed / self.spend_last_52_weeks
        return self.incremental_last_52_weeks / claimed, self.marginal_iroas() / at_the_margin

    def marginal_iroas(self, spend_total: ArrayLike | None = None, weeks: int = 52) -> FloatArray:
        """Slope of each channel's response curve at a plan, or at today's spend, `(C,)`."""
        current = self.current_spend(weeks)
        at = current if spend_total is None else np.asarray(spend_total, dtype=np.float64)
        step = 1e-4 * current
        rise = self.plan_incremental(at + step, weeks) - self.plan_incremental(np.maximum(at - step, 0), weeks)
        slope: FloatArray = rise / (at + step - np.maximum(at - step, 0))
        return slope

    def _adstock_ahead(self, index: int, weeks: int) -> tuple[FloatArray, FloatArray]:
        """Adstock per head after the panel, from past spend and from a unit of planned money, `(G, weeks + tail)`."""
        spend, population = self.media.spend[:, :, index], self.market.population[:, None]
        carry_over, ahead = self.media.channels[index].carry_over, weeks + TAIL_WEEKS
        past = np.concatenate([spend, np.zeros((len(spend), ahead))], axis=1)
        by_geo = spend[:, -self.spec.window_weeks :].sum(axis=1, keepdims=True)
        unit = np.zeros((len(spend), ahead))
        unit[:, :weeks] = by_geo / by_geo.sum() / weeks
        return carry_over.apply(past / population)[:, spend.shape[1] :], carry_over.apply(unit / population)

    @staticmethod
    def _per_head(truth: ChannelTruth, adstocked: FloatArray) -> FloatArray:
        return truth.ceiling * saturation(adstocked, truth.half_saturation, truth.slope)


def build_world(spec: WorldSpec, market: Market, media: Media, experiments: tuple[FinishedTest, ...] = ()) -> World:
    """Let the advertising work and write down what a fit may see."""
    caused = [
        truth.sales(media.spend[:, :, index], market.population)[:, HISTORY_WEEKS:]
        for index, truth in enumerate(media.channels)
    ]
    contributions = np.stack(caused, axis=2)
    window = slice(-spec.window_weeks, None)
    claims = draw_claims(spec, contributions[:, window].sum(axis=(0, 1)))
    sales = np.round(market.baseline + contributions.sum(axis=2) + market.noise, 2)
    panel = replace(_panel(spec, market, media, sales), attributed_sales=_claimed(spec, market, media, claims))
    return World(spec, panel, market, media, contributions, experiments, claims)


def _claimed(spec: WorldSpec, market: Market, media: Media, claims: tuple[ClaimTruth, ...]) -> FloatArray:
    """What platforms claim, `(G, T, C)`; of a national channel only the total is known, spread by population."""
    spend = media.spend[:, HISTORY_WEEKS:]
    claimed = claimed_sales(spec, claims, spend, market.demand[:, HISTORY_WEEKS:])
    share = market.population / market.population.sum()
    for index, name in enumerate(spec.channel_names):
        if spec.kind is WorldKind.NATIONAL and name in media.marked:
            claimed[:, :, index] = share[:, None] * claimed[:, :, index].sum(axis=0)
    return claimed


def _panel(spec: WorldSpec, market: Market, media: Media, sales: FloatArray) -> Panel:
    national = set(media.marked) if spec.kind is WorldKind.NATIONAL else set()
    spend = media.spend[:, HISTORY_WEEKS:].copy()
    share = market.population / market.population.sum()
    for index, name in enumerate(spec.channel_names):
        if name in national:
            spend[:, :, index] = share[:, None] * spend[:, :, index].sum(axis=0)
    width = len(str(spec.geos))
    return Panel(
        dates=market.dates,
        geos=("national",) if spec.geos == 1 else tuple(f"geo_{i + 1:0{width}d}" for i in range(spec.geos)),
        outcomes=(Outcome("sales"),),
        outcome_values=sales[:, :, None],
        channels=tuple(
            Channel(name, Level.NATIONAL, geo_targetable=False) if name in national else Channel(name)
            for name in spec.channel_names
        ),
        spend=spend,
        exposure=spend.copy(),
        attributed_sales=np.full(spend.shape, np.nan),
        controls=(
            Control("search_queries", ControlKind.DEMAND),
            Control("price_index", ControlKind.PRICE),
            Control("promo", ControlKind.PROMO),
        ),
        control_values=np.stack([np.log(market.queries), market.price_index, market.promo], axis=2),
        population=market.population,
        population_known=True,
        currency="USD",
        country="US",
    )


def _positive(weeks: int) -> int:
    if weeks < 1:
        raise BadInput(f"a plan needs at least one week, got {weeks}")
    return weeks

"""Response curves of known form (Hill functions with random draws), and a check of rules that shares no code."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from measurement.curves import ResponseCurves
from measurement.future import Horizon
from measurement.preparation import LAGS
from measurement.report import Verdict
from measurement.weekly_response import WeeklyResponse, open_response
from optimizer.plan import BudgetPlan
from optimizer.problem import PlanProblem


@dataclass(frozen=True)
class HillWorld:
    """Hill parameters per channel: sales(x) = top * x^slope / (x^slope + half^slope), x in money."""

    top: Sequence[float]
    half: Sequence[float]
    slope: Sequence[float]
    current: Sequence[float]
    end: float = 400.0
    points: int = 40
    draws: int = 30
    noise: float = 0.2
    unmeasurable: tuple[int, ...] = ()
    weeks: int = 13
    seed: int = 0

    def curves(self) -> ResponseCurves:
        """Curves whose tops vary by draw, so that the mean curve keeps its Hill form."""
        rng = np.random.default_rng(self.seed)
        count = len(self.top)
        grid = np.tile(np.linspace(0.0, self.end, self.points), (count, 1))
        slope, half = np.asarray(self.slope)[:, None], np.asarray(self.half)[:, None]
        shape = grid**slope / (grid**slope + half**slope)
        tops = np.asarray(self.top) * np.exp(self.noise * rng.standard_normal((self.draws, count)))
        current = np.asarray(self.current, dtype=np.float64)
        verdicts = [Verdict.NOT_MEASURABLE if i in self.unmeasurable else Verdict.MEASURED for i in range(count)]
        return ResponseCurves(
            channels=tuple(f"channel_{index}" for index in range(count)),
            spend_grid=grid,
            incremental=tops[:, :, None] * shape,
            carry_over_weights=np.ones((self.draws, count, 1)),
            current_spend=current,
            largest_observed_spend=current * 1.5,
            verdicts=tuple(verdicts),
            weeks=self.weeks,
            model_id="hill",
        )

    def with_(self, **changes: object) -> "HillWorld":
        return replace(self, **changes)  # type: ignore[arg-type]


def random_world(seed: int, channels: int, slopes: tuple[float, float] = (1.0, 3.0)) -> HillWorld:
    """A world drawn at random; current spends between 20 and 150."""
    rng = np.random.default_rng(seed)
    return HillWorld(
        top=tuple(rng.uniform(100, 900, channels)),
        half=tuple(rng.uniform(30, 250, channels)),
        slope=tuple(rng.uniform(*slopes, channels)),
        current=tuple(rng.uniform(20, 150, channels).round(2)),
        seed=seed,
    )


@dataclass(frozen=True)
class WeeklyWorld:
    """Channels whose mean week has a dose of 1 at 100 a week; media as the model has them, two geos of unlike dose."""

    slope: Sequence[float]
    half: Sequence[float]
    half_life_weeks: Sequence[float]
    weeks: int = 13
    recent_dose: float = 1.0
    largest_week: float = 1000.0
    draws: int = 30
    noise: float = 0.1
    unmeasurable: tuple[int, ...] = ()
    seed: int = 0

    def response(self) -> WeeklyResponse:
        rng = np.random.default_rng(self.seed)
        count = len(self.slope)
        shaped = {"log_slope": np.log(self.slope), "log_half_saturation": np.log(self.half)}
        shaped["log_half_life"] = np.log(self.half_life_weeks)
        draws = {name: mean + self.noise * rng.standard_normal((self.draws, count)) for name, mean in shaped.items()}
        draws["sales_per_head"] = np.exp(self.noise * rng.standard_normal((self.draws, count)))
        draws["build_up"] = np.zeros((self.draws, count))
        draws["drift"] = np.zeros((self.draws, count))
        draws["geo_effect"] = np.ones((self.draws, count, 2))
        per_spend = np.repeat(np.array([[0.8, 1.2]]) / 100, count, axis=0)
        recent = self.recent_dose * np.repeat(per_spend[:, :, None] * 100, LAGS - 1, axis=2)
        horizon = Horizon(self.weeks, per_spend, recent, np.array([500.0, 500.0]), 0.4)
        return open_response(horizon, draws, np.datetime64("2026-01-05"), np.full(count, self.largest_week))

    def curves(self) -> ResponseCurves:
        """Even weeks' curves up to three times the mean week, which is what is spent today."""
        response, count = self.response(), len(self.slope)
        current = np.full(count, 100.0 * self.weeks)
        grid = np.outer(3 * current, np.linspace(0, 1, 61))
        verdicts = [Verdict.NOT_MEASURABLE if i in self.unmeasurable else Verdict.MEASURED for i in range(count)]
        return ResponseCurves(
            channels=tuple(f"channel_{index}" for index in range(count)),
            spend_grid=grid,
            incremental=response.sales_of_totals(grid),
            carry_over_weights=np.ones((self.draws, count, 1)),
            current_spend=current,
            largest_observed_spend=1.5 * current,
            verdicts=tuple(verdicts),
            weeks=self.weeks,
            model_id="weekly",
            weekly=response,
        )

    def with_(self, **changes: object) -> "WeeklyWorld":
        return replace(self, **changes)  # type: ignore[arg-type]


def random_weekly_world(seed: int, channels: int, weeks: int = 13) -> WeeklyWorld:
    """A world drawn at random, concave and S-shaped channels mixed."""
    rng = np.random.default_rng(seed)
    return WeeklyWorld(
        slope=tuple(rng.uniform(0.7, 3.0, channels)),
        half=tuple(rng.uniform(0.3, 4.0, channels)),
        half_life_weeks=tuple(rng.uniform(0.2, 4.0, channels)),
        weeks=weeks,
        recent_dose=float(rng.uniform(0, 2)),
        largest_week=float(rng.uniform(120, 600)),
        seed=seed,
    )


def mean_sales(curves: ResponseCurves, spend: Sequence[float]) -> float:
    """Sum of the interpolated mean curves at a spend."""
    mean = curves.incremental.mean(axis=0)
    return float(sum(np.interp(x, curves.spend_grid[c], mean[c]) for c, x in enumerate(spend)))


def broken_rules(problem: PlanProblem, plan: BudgetPlan) -> list[str]:
    """Rules of the problem that the plan breaks by a cent or more, in whole cents and from the rules' own numbers."""
    cents = {line.channel: round(line.spend * 100) for line in plan.lines}
    current = dict(zip(problem.curves.channels, problem.curves.current_spend.tolist(), strict=True))
    total, broken = sum(cents.values()), []

    def check(name: str, least: float | None, amount: float, most: float | None) -> None:
        if (least is not None and amount <= least * 100 - 1) or (most is not None and amount >= most * 100 + 1):
            broken.append(f"{name}: {least} <= {amount / 100} <= {most}")

    for name, rule in problem.rules.channels.items():
        check(f"{name} range", rule.min, cents[name], rule.max)
        check(f"{name} fixed", rule.fixed, cents[name], rule.fixed)
        if rule.max_change is not None:
            room = rule.max_change * current[name]
            check(f"{name} change", current[name] - room, cents[name], current[name] + room)
        if rule.step and cents[name] % round(rule.step * 100):
            broken.append(f"{name} step {rule.step}: {cents[name] / 100}")
        if rule.minimum_viable and cents[name]:
            check(f"{name} viable", rule.minimum_viable, cents[name], None)
    for group in problem.rules.groups:
        amount = sum(cents[name] for name in group.channels)
        check(f"{group.label} range", group.min, amount, group.max)
        least = None if group.min_share is None else group.min_share * total / 100
        most = None if group.max_share is None else group.max_share * total / 100
        check(f"{group.label} share", least, amount, most)
    check("budget", 0.0, total, problem.budget)
    if any(amount < 0 for amount in cents.values()):
        broken.append("negative spend")
    return broken


@pytest.fixture
def hill_world() -> Callable[..., HillWorld]:
    """Draw a world: `hill_world(seed, channels, slopes=(1, 3))`."""
    return random_world


@pytest.fixture
def weekly_world() -> Callable[..., WeeklyWorld]:
    """Draw a world with weeks: `weekly_world(seed, channels, weeks=13)`."""
    return random_weekly_world


@pytest.fixture
def s_shaped_weeks() -> WeeklyWorld:
    """Two channels: one S-shaped of which an even budget stays below the bend, one concave; little carry-over."""
    return WeeklyWorld(slope=(3.0, 0.8), half=(3.0, 1.0), half_life_weeks=(0.3, 0.3))


@pytest.fixture
def concave_world() -> HillWorld:
    """Three concave channels with well separated returns."""
    return HillWorld(top=(500, 300, 100), half=(100, 100, 100), slope=(1, 1, 1), current=(50, 80, 120))


@pytest.fixture
def sales_at() -> Callable[[ResponseCurves, Sequence[float]], float]:
    return mean_sales


@pytest.fixture
def rules_broken() -> Callable[[PlanProblem, BudgetPlan], list[str]]:
    return broken_rules

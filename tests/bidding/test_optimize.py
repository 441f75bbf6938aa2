"""All bids at once, against an independent integer solver, a linear program and enumeration."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_matrix

from bidding.errors import BidError
from bidding.optimize import ChoiceSettings, Return, ReturnTarget, Spending, choose_bids
from bidding.outlook import BidResponse, ClickValues, Trust
from bidding.snapshot import Snapshot, Strategy
from tests.bidding.build_snapshot import Size, build

OPTIONS = 6


def values_of(generator: np.random.Generator, count: int, trust: Trust = Trust.TRUSTED) -> ClickValues:
    incremental = generator.gamma(2.0, 0.8, count)
    some = np.full(count, 0.1)
    return ClickValues(
        conversion_rate=some,
        conversion_rate_sd=some,
        order_value=some,
        attributed=2.0 * incremental * generator.uniform(0.6, 1.4, count),
        attributed_sd=some,
        share=some,
        share_sd=some,
        incremental=incremental,
        incremental_sd=some,
        profit=0.4 * incremental,
        trust=np.full(count, int(trust)),
    )


def response_of(generator: np.random.Generator, count: int) -> BidResponse:
    bids = np.round(np.sort(generator.uniform(0.3, 2.0, (count, OPTIONS)), axis=1), 2)
    clicks = np.cumsum(generator.gamma(1.0, 0.5, (count, OPTIONS)), axis=1)
    cost = np.cumsum(generator.gamma(1.0, 0.4, (count, OPTIONS)), axis=1)
    return BidResponse(bids, clicks, 0.1 * clicks, cost, np.full(count, 2), np.zeros(count))


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return build(Size(campaigns=2, ad_groups=2, targets=10, days=3)).snapshot


def exact(values: ClickValues, response: BidResponse, budget: float, relaxed: bool = False) -> float:
    """The same knapsack by HiGHS: one option each, cost within budget."""
    count, options = response.clicks.shape
    worth = -(response.clicks * values.profit[:, None]).ravel()
    one = csr_matrix((np.ones(count * options), (np.repeat(np.arange(count), options), np.arange(count * options))))
    if relaxed:
        made = linprog(worth, A_ub=response.cost.reshape(1, -1), b_ub=[budget], A_eq=one, b_eq=np.ones(count))
    else:
        made = milp(
            worth,
            constraints=[LinearConstraint(one, 1, 1), LinearConstraint(response.cost.reshape(1, -1), -np.inf, budget)],
            integrality=np.ones(count * options),
            bounds=Bounds(0, 1),
        )
    return float(-made.fun)


@pytest.mark.parametrize("seed", range(12))
def test_the_choice_nearly_reaches_the_exact_one_and_the_bound_is_the_linear_programs(
    seed: int, snapshot: Snapshot
) -> None:
    generator = np.random.default_rng(seed)
    values, response = values_of(generator, 40), response_of(generator, 40)
    low, high = response.cost[:, 0].sum(), response.cost[:, -1].sum()
    budget = low + (0.05 + 0.8 * generator.random()) * (high - low)
    choice = choose_bids(values, response, snapshot, {"amazon": budget})
    best, bound = exact(values, response, budget), exact(values, response, budget, relaxed=True)
    assert choice.bound[0] == pytest.approx(bound, rel=1e-7)
    assert choice.objective[0] <= best * (1 + 1e-9)
    assert choice.objective[0] >= 0.98 * best
    assert choice.cost[0] <= budget
    rows = np.arange(40)
    assert choice.cost[0] == pytest.approx(response.cost[rows, choice.column].sum())


@pytest.mark.parametrize("seed", range(4))
def test_the_gap_closes_with_size(seed: int) -> None:
    generator = np.random.default_rng(seed)
    large = build(Size(campaigns=20, ad_groups=5, targets=20, days=2)).snapshot
    values, response = values_of(generator, 2000), response_of(generator, 2000)
    budget = 0.5 * (response.cost[:, 0].sum() + response.cost[:, -1].sum())
    choice = choose_bids(values, response, large, {"amazon": budget})
    assert choice.objective[0] / choice.bound[0] > 1 - 2e-5
    assert choice.cost[0] == pytest.approx(budget, rel=1e-4)


def largest_step(values: ClickValues, response: BidResponse) -> float:
    """The most profit that one step along any target's efficient options brings, walked from its cheapest one."""
    found = 0.0
    for clicks, cost, profit in zip(response.clicks, response.cost, values.profit, strict=True):
        at = 0
        while at < len(cost) - 1:
            gain, more = (clicks[at + 1 :] - clicks[at]) * profit, cost[at + 1 :] - cost[at]
            step = int(np.argmax(gain / more))
            found, at = max(found, float(gain[step])), at + 1 + step
    return found


def lumpy(generator: np.random.Generator, count: int) -> BidResponse:
    """Responses with a few large jumps, as of targets that win whole auctions or none."""
    smooth = response_of(generator, count)
    jumps = generator.gamma(0.15, 5.0, (2, count, OPTIONS)) + 1e-3
    clicks, cost = (np.cumsum(each, axis=1) for each in jumps)
    return replace(smooth, clicks=clicks, clicks_sd=0.1 * clicks, cost=cost)


@pytest.mark.parametrize("make", [response_of, lumpy])
@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_the_choice_is_within_one_step_of_the_bound(
    count: int, make: Callable[[np.random.Generator, int], BidResponse]
) -> None:
    """At the price of money one target at most is torn between two options: what it would add is all that can lack."""
    snapshot = build(Size(campaigns=1, ad_groups=1, targets=count, days=2)).snapshot
    for seed in range(60):
        generator = np.random.default_rng(seed)
        values, response = values_of(generator, count), make(generator, count)
        low, high = response.cost[:, 0].sum(), response.cost[:, -1].sum()
        budget = low + generator.random() * (high - low)
        choice = choose_bids(values, response, snapshot, {"amazon": budget})
        assert choice.cost[0] <= budget * (1 + 1e-12)
        assert choice.bound[0] - choice.objective[0] <= largest_step(values, response) * (1 + 1e-6)


@pytest.mark.parametrize("make", [response_of, lumpy])
def test_five_targets_by_enumeration(make: Callable[[np.random.Generator, int], BidResponse]) -> None:
    small = build(Size(campaigns=1, ad_groups=1, targets=5, days=2)).snapshot
    every, rows = np.array(list(product(range(OPTIONS), repeat=5))), np.arange(5)
    exact_ones = 0
    for seed in range(100):
        generator = np.random.default_rng(seed)
        values, response = values_of(generator, 5), make(generator, 5)
        budget = 0.5 * (response.cost[:, 0].sum() + response.cost[:, -1].sum())
        profit = (response.clicks[rows, every] * values.profit).sum(axis=1)
        best = profit[response.cost[rows, every].sum(axis=1) <= budget].max()
        found = choose_bids(values, response, small, {"amazon": budget})
        assert found.objective[0] <= best + 1e-9 <= found.bound[0] + 2e-9
        assert best - found.objective[0] <= largest_step(values, response) * (1 + 1e-6)
        exact_ones += found.objective[0] >= best - 1e-9
    assert exact_ones >= 40


def test_the_worst_case_is_a_step_that_just_does_not_fit() -> None:
    """A share of the optimum is no bound: a large step that a small one crowds out is lost whole, but nothing more."""
    two = build(Size(campaigns=1, ad_groups=1, targets=2, days=2)).snapshot
    values = replace(values_of(np.random.default_rng(0), 2), profit=np.ones(2))
    cost, clicks = np.array([[1e-6, 1.0], [1e-6, 10.0]]), np.array([[1e-6, 1.1], [1e-6, 10.0]])
    response = BidResponse(cost, clicks, 0.1 * clicks, cost, np.zeros(2, dtype=np.int64), np.zeros(2))
    found = choose_bids(values, response, two, {"amazon": 10.0 + 1e-6})
    assert found.objective[0] == pytest.approx(1.1, abs=1e-5)
    assert found.bound[0] == pytest.approx(1.1 + 9.0, rel=1e-5)
    assert exact(values, response, 10.0 + 1e-6) == pytest.approx(10.0, rel=1e-5)
    assert found.bound[0] - found.objective[0] <= largest_step(values, response)


def test_the_shadow_price_is_what_one_more_unit_brings(snapshot: Snapshot) -> None:
    generator = np.random.default_rng(3)
    values, response = values_of(generator, 40), response_of(generator, 40)
    budget = 0.5 * (response.cost[:, 0].sum() + response.cost[:, -1].sum())
    price = choose_bids(values, response, snapshot, {"amazon": budget}).shadow_price[0]
    rise = exact(values, response, budget + 1e-4, relaxed=True) - exact(values, response, budget - 1e-4, relaxed=True)
    assert price == pytest.approx(rise / 2e-4, rel=1e-3)


def test_a_slack_budget_has_no_price_and_a_hopeless_one_takes_the_lowest_bids(snapshot: Snapshot) -> None:
    generator = np.random.default_rng(4)
    values, response = values_of(generator, 40), response_of(generator, 40)
    slack = choose_bids(values, response, snapshot, {"amazon": 10_000.0})
    assert slack.shadow_price[0] == 0
    assert (slack.column == OPTIONS - 1).all()
    assert slack.objective[0] == pytest.approx(slack.bound[0])
    hopeless = choose_bids(values, response, snapshot, {"amazon": 0.5 * response.cost[:, 0].sum()})
    assert (hopeless.column == 0).all()


def test_for_profit_no_unit_is_spent_that_returns_less(snapshot: Snapshot) -> None:
    generator = np.random.default_rng(5)
    values, response = values_of(generator, 40), response_of(generator, 40)
    settings = ChoiceSettings(Spending.PROFIT)
    choice = choose_bids(values, response, snapshot, {"amazon": 10_000.0}, settings=settings)
    net = response.clicks * values.profit[:, None] - response.cost
    assert choice.objective[0] == pytest.approx(net.max(axis=1).sum())
    assert choice.objective[0] == pytest.approx(choice.bound[0])


@pytest.mark.parametrize("kind", list(Return))
def test_a_target_on_return_is_kept_and_binds(kind: Return, snapshot: Snapshot) -> None:
    generator = np.random.default_rng(6)
    values, response = values_of(generator, 40), response_of(generator, 40)
    sales = values.incremental if kind is Return.INCREMENTAL else values.attributed
    rows = np.arange(40)

    def ratio(column: np.ndarray) -> float:
        return float((response.clicks[rows, column] * sales).sum() / response.cost[rows, column].sum())

    budget = 0.8 * response.cost[:, -1].sum()
    free = choose_bids(values, response, snapshot, {"amazon": budget})
    asked = 1.15 * ratio(free.column)
    kept = choose_bids(values, response, snapshot, {"amazon": budget}, (ReturnTarget(kind, asked),))
    assert ratio(kept.column) >= asked * (1 - 1e-9)
    assert kept.target_binds[0]
    assert not free.target_binds[0]
    assert kept.objective[0] < free.objective[0]
    worth = -(response.clicks * values.profit[:, None]).ravel()
    one = csr_matrix((np.ones(240), (np.repeat(rows, OPTIONS), np.arange(240))))
    short = (asked * response.cost - response.clicks * sales[:, None]).reshape(1, -1)
    both = np.concatenate([response.cost.reshape(1, -1), short])
    relaxed = linprog(worth, A_ub=both, b_ub=[budget, 0.0], A_eq=one, b_eq=np.ones(40))
    assert kept.bound[0] == pytest.approx(-relaxed.fun, rel=1e-4)
    assert kept.objective[0] >= 0.97 * -relaxed.fun


def test_channels_that_are_not_trusted_do_not_rise(snapshot: Snapshot) -> None:
    generator = np.random.default_rng(7)
    values, response = values_of(generator, 40, Trust.CHANNEL_WEAK), response_of(generator, 40)
    assert (choose_bids(values, response, snapshot, {"amazon": 1e6}).column <= 2).all()
    stated = replace(values, trust=np.full(40, int(Trust.FACTOR_STATED)))
    assert (choose_bids(stated, response, snapshot, {"amazon": 1e6}).column > 2).any()


def test_disabled_targets_and_smart_campaigns_keep_their_bids(snapshot: Snapshot) -> None:
    generator = np.random.default_rng(8)
    values, response = values_of(generator, 40), response_of(generator, 40)
    enabled = np.arange(40) >= 10
    strategy = np.array([int(Strategy.FIXED), int(Strategy.SMART)])
    changed = replace(
        snapshot,
        targets=replace(snapshot.targets, enabled=enabled),
        campaigns=replace(snapshot.campaigns, strategy=strategy),
    )
    choice = choose_bids(values, response, changed, {"amazon": 30.0})
    kept = ~enabled | (snapshot.targets.campaign == 1)
    assert (choice.column[kept] == 2).all()
    assert choice.cost[0] == pytest.approx(response.cost[np.arange(40), choice.column][enabled].sum())


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan")])
def test_a_budget_that_is_none_is_refused(budget: float, snapshot: Snapshot) -> None:
    generator = np.random.default_rng(9)
    values, response = values_of(generator, 40), response_of(generator, 40)
    with pytest.raises(BidError, match="daily budget of"):
        choose_bids(values, response, snapshot, {"amazon": budget})
    with pytest.raises(BidError, match="has no budget"):
        choose_bids(values, response, snapshot, {})

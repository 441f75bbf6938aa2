"""Tonight's choice: near the steady price of money, within tonight's reach, and still where moving gains nothing."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from bidding.account import Account
from bidding.click_value import value_clicks
from bidding.factors import factors_of
from bidding.history import History
from bidding.landscape import candidate_bids
from bidding.marginal import learn_priced_response
from bidding.optimize import ChoiceSettings, choose_bids
from bidding.outlook import BidChoice, BidResponse, ClickValues
from bidding.pacing import Slack
from bidding.platform_bounds import bounds_of
from bidding.reach import Reach, columns_within, far_reach, reach_of
from bidding.snapshot import Snapshot
from bidding.steady import NEAR, NIGHTLY, PART_OF_THE_WAY, TOO_DEAR, Learnt, choose_tonight
from bidding.worth import last_worth_bidding
from tests.bidding.build_snapshot import TODAY, Size, build


@dataclass(frozen=True, eq=False)
class Morning:
    """An account one morning, and what is learnt of it at bids that go beyond tonight's reach."""

    snapshot: Snapshot
    account: Account
    reach: Reach
    learnt: Learnt

    @property
    def usual(self) -> float:
        """What the bids in force cost a day."""
        response = self.learnt.response
        return float(response.cost[np.arange(len(response.bids)), response.current].sum())

    @property
    def lowest(self) -> float:
        """What the lowest bids that tonight can reach would cost."""
        first, _ = columns_within(self.learnt.response, self.reach)
        return float(self.priced[2].cost[np.arange(len(first)), first].sum())

    @property
    def priced(self) -> tuple[ClickValues, Snapshot, BidResponse]:
        """What a choice is made from."""
        return self.learnt.values, self.snapshot, self.learnt.response

    def chosen(
        self, money: float, price: float | None = None, leeway: float = 1.15, miss: float = 0.0, steady: float = 1.0
    ) -> BidChoice:
        """Tonight's choice for a day's money, after a night whose price is known or not."""
        learnt = replace(self.learnt, price=None if price is None else np.array([price]))
        slack = Slack(np.array([leeway]), np.array([miss]), np.array([steady]))
        return choose_tonight(learnt, self.snapshot, {"amazon": money}, self.reach, slack=slack)

    def free(self, money: float) -> BidChoice:
        """The choice of bids that have had their nights, at whatever price of money."""
        values, snapshot, response = self.priced
        learnt = (values, response, snapshot, {"amazon": money})
        return choose_bids(*learnt, settings=ChoiceSettings(last=last_worth_bidding(*learnt)))

    def bids(self, choice: BidChoice) -> np.ndarray:
        """What is chosen, money, `(N,)`."""
        found: np.ndarray = self.learnt.response.bids[np.arange(len(choice.column)), choice.column]
        return found


@pytest.fixture(scope="module")
def morning() -> Morning:
    built = build(Size(campaigns=10, ad_groups=3, targets=20, clicks_per_day=2.0, seed=5), jitter=0.08)
    snapshot, account = built.snapshot, built.account
    bounds = bounds_of(snapshot, account)
    reach = reach_of(snapshot, account, bounds, History.none(len(snapshot.targets)), snapshot.targets.bid)
    far = far_reach(snapshot, account, bounds, reach)
    values = value_clicks(snapshot, account, factors_of(account, TODAY))
    response = learn_priced_response(
        snapshot, account, candidate_bids(reach.base, 0.01, reach.low, reach.high, far=far)
    )
    return Morning(snapshot, account, reach, Learnt(values, response))


def test_bids_stay_within_tonights_reach_though_candidates_go_beyond(morning: Morning) -> None:
    bids = morning.bids(morning.chosen(morning.usual))
    assert (bids >= morning.reach.low - 1e-6).all()
    assert (bids <= morning.reach.high + 1e-6).all()
    assert (morning.learnt.response.bids[:, 0] < 0.6 * morning.reach.low).mean() > 0.9
    assert (morning.learnt.response.bids[:, -1] > 1.6 * morning.reach.high).mean() > 0.9


def test_the_price_is_that_of_bids_that_have_had_their_nights(morning: Morning) -> None:
    for share in (0.7, 0.9, 1.1):
        free, tonight = morning.free(share * morning.usual), morning.chosen(share * morning.usual)
        assert free.shadow_price[0] > 0
        assert tonight.shadow_price[0] == pytest.approx(free.shadow_price[0], rel=1e-3)


def test_the_price_goes_a_part_of_the_way_to_where_it_would_keep_the_money(morning: Morning) -> None:
    usual = float(morning.free(morning.usual).shadow_price[0])
    for money in (0.95 * morning.usual, 1.03 * morning.usual):
        aim = float(morning.free(money).shadow_price[0])
        way = np.clip(PART_OF_THE_WAY * np.log(aim / usual), -NIGHTLY, NIGHTLY)
        assert abs(way) > 1e-3
        assert morning.chosen(money, price=usual).shadow_price[0] == pytest.approx(usual * np.exp(way), rel=1e-3)


def test_the_price_stays_while_the_money_is_missed_by_no_more_than_it_may_be(morning: Morning) -> None:
    usual = float(morning.free(morning.usual).shadow_price[0])
    for money in (0.96 * morning.usual, 1.04 * morning.usual):
        assert morning.chosen(money, price=usual, miss=0.05).shadow_price[0] == usual
        assert morning.chosen(money, price=usual, miss=0.02).shadow_price[0] != usual


def test_a_price_that_misses_the_money_by_much_moves_by_more(morning: Morning) -> None:
    """A plan that is changed: the price follows within days, and is never forgotten for one that spends nothing."""
    usual = float(morning.free(morning.usual).shadow_price[0])
    near, far = (
        morning.chosen(money, price=usual).shadow_price[0] for money in (0.85 * morning.usual, 3 * morning.usual)
    )
    assert abs(np.log(near / usual)) <= NIGHTLY + 1e-9
    assert NIGHTLY < np.log(usual / far) <= NIGHTLY * np.log(3.3) / NEAR
    many = [usual]
    for _ in range(15):
        many.append(float(morning.chosen(0.7 * morning.usual, price=many[-1]).shadow_price[0]))
    assert many[-1] == pytest.approx(float(morning.free(0.7 * morning.usual).shadow_price[0]), rel=0.1)


def test_bids_that_would_cost_far_too_much_are_held_tonight_though_the_price_goes_on_slowly(morning: Morning) -> None:
    low = 0.05 * float(morning.free(morning.usual).shadow_price[0])
    money = 1.2 * morning.lowest
    held = morning.chosen(money, price=low, leeway=1.0)
    assert held.shadow_price[0] < 2 * low
    values, snapshot, response = morning.priced
    first, last = columns_within(response, morning.reach)
    settings = ChoiceSettings(first=first, last=last, price_range=(np.array([low]), np.array([low])))
    left_alone = choose_bids(values, response, snapshot, {"amazon": money}, settings=settings)
    assert left_alone.cost[0] > TOO_DEAR * money
    assert held.cost[0] < left_alone.cost[0]


def test_the_last_money_of_an_overspent_month_leaves_price_and_bids(morning: Morning) -> None:
    usual = float(morning.free(morning.usual).shadow_price[0])
    kept = morning.chosen(0.05 * morning.usual, price=usual, leeway=1.0, steady=20.0)
    assert kept.shadow_price[0] == pytest.approx(usual, rel=0.01)
    gone = morning.chosen(0.05 * morning.usual, price=usual, leeway=1.0)
    assert gone.cost[0] < 0.9 * kept.cost[0]
    assert gone.shadow_price[0] != pytest.approx(usual, rel=0.01)


def test_a_poor_day_does_not_cut_every_bid_alike(morning: Morning) -> None:
    """Tonight's reach could hardly save so much of the money: held to it, good bids would fall with the bad."""
    money = 0.6 * morning.usual
    values, snapshot, response = morning.priced
    first, last = columns_within(response, morning.reach)
    forced = choose_bids(
        values,
        response,
        snapshot,
        {"amazon": money},
        settings=ChoiceSettings(first=first, last=last),
    )
    base = morning.reach.base
    risen = [float((morning.bids(each) > base + 1e-6).mean()) for each in (forced, morning.chosen(money))]
    assert risen[1] > 1.5 * risen[0]
    assert morning.chosen(money).cost[0] >= forced.cost[0]


def test_a_bid_at_its_optimum_stays_when_the_days_money_moves_a_little(morning: Morning) -> None:
    """A night after the choice of the night before: a little more money, at a price that follows a little."""
    response, values = morning.learnt.response, morning.learnt.values
    best = choose_bids(values, response, morning.snapshot, {"amazon": morning.usual})
    moved = []
    for worth_moving in (0.0, 0.001):
        near = best.shadow_price / 1.02, best.shadow_price * 1.02
        settings = ChoiceSettings(stay=best.column, worth_moving=worth_moving, price_range=near)
        after = choose_bids(values, response, morning.snapshot, {"amazon": 1.02 * morning.usual}, settings=settings)
        moved.append(int((after.column != best.column).sum()))
    assert moved[1] < 0.5 * moved[0]


def test_what_staying_is_worth_costs_no_more_than_it_says(morning: Morning) -> None:
    response, values, money = morning.learnt.response, morning.learnt.values, {"amazon": morning.usual}
    stay = response.current
    settings = ChoiceSettings(stay=stay, worth_moving=0.001)
    free = choose_bids(values, response, morning.snapshot, money)
    still = choose_bids(values, response, morning.snapshot, money, settings=settings)
    rows = np.arange(len(stay))
    at_stake = 0.001 * float((values.profit * response.clicks[rows, stay]).sum())
    assert free.objective[0] - at_stake - 1e-6 * free.objective[0] <= still.objective[0] <= free.bound[0] + 1e-9
    assert (still.column == stay).sum() > (free.column == stay).sum()


def test_money_that_tonight_cannot_save_does_not_raise_bids(morning: Morning) -> None:
    """Tonight's lowest bids cost more, or even bids that have had their nights do: the highest price or lowest bids."""
    money = 0.98 * morning.lowest
    steady = morning.free(money)
    assert steady.shadow_price[0] > 0
    choice = morning.chosen(money)
    assert choice.shadow_price[0] == pytest.approx(steady.shadow_price[0], rel=0.02)
    assert choice.cost[0] < morning.chosen(money, leeway=1.0).cost[0]
    nothing = morning.chosen(1e-6)
    assert nothing.shadow_price[0] == 0.0
    np.testing.assert_allclose(morning.bids(nothing), np.ceil(morning.reach.low / 0.01 - 1e-6) * 0.01)

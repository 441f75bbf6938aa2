"""Placement increases in the benchmark's bidder: limits and rests of the product, memory by hand, bids recast."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from benchmarks.bid_ours import Ours, measured_shares
from benchmarks.bid_places import Places
from benchmarks.bid_play import Decision, play
from benchmarks.bid_rivals import NoChange
from bidding.account import Account
from bidding.changes import ChangeKind
from bidding.guardrails.moves_of_levers import PLACEMENT_REST_DAYS
from bidding.marginal import learn_priced_response
from bidding.money import MICROS, UNKNOWN
from bidding.simulator.market import Market, open_market
from bidding.simulator.spec import MarketKind, MarketSpec
from bidding.snapshot import Placement, Snapshot

SPEC = MarketSpec(MarketKind.HOTEL, targets=100, seed=2, history_days=59, days=14)
DAY = np.timedelta64(1, "D")


@pytest.fixture(scope="module")
def opened() -> Market:
    return open_market(SPEC)


@dataclass
class Watched:
    """A bidder, and the increases in force on each morning and after the last."""

    bidder: Ours
    seen: list[np.ndarray] = field(default_factory=list)

    def decide(self, snapshot: Snapshot, account: Account) -> Decision:
        self.seen.append(snapshot.campaigns.modifiers)
        return self.bidder.decide(snapshot, account)


def watched(opened: Market, places: bool) -> np.ndarray:
    plan = play(opened, NoChange()).months
    bidder = Watched(Ours(plan, measured_shares(opened), learn_priced_response, places=places))
    play(opened, bidder)
    return np.array(bidder.seen)


def test_increases_move_by_the_products_limits_and_rest_a_week(opened: Market) -> None:
    seen = watched(opened, places=True)
    now, then = 1 + seen[1:], 1 + seen[:-1]
    assert (np.abs(now - then) <= np.maximum(0.5 * then, 0.01) + 1e-9).all()
    moved = (now != then).sum(axis=0)
    assert moved.max() == 2
    for campaign, place in zip(*np.nonzero(moved == 2), strict=True):
        first, second = np.flatnonzero((now != then)[:, campaign, place])
        assert second - first >= PLACEMENT_REST_DAYS
    wild = opened.modifiers[:, Placement.TOP_OF_SEARCH] > 2.0
    assert wild.any()
    assert (seen[-1][wild, Placement.TOP_OF_SEARCH] < opened.modifiers[wild, Placement.TOP_OF_SEARCH] - 0.5).all()


def test_without_them_increases_stay(opened: Market) -> None:
    seen = watched(opened, places=False)
    np.testing.assert_array_equal(seen, np.broadcast_to(opened.modifiers, seen.shape))


def mornings(opened: Market, tops: list[float]) -> tuple[Snapshot, Places]:
    """The first campaign's top of search as it was on each morning, the last of them today's."""
    snapshot, places = opened.morning(), Places()
    for back, top in zip(range(len(tops) - 1, -1, -1), tops, strict=True):
        modifiers = opened.modifiers.copy()
        modifiers[0, Placement.TOP_OF_SEARCH] = top
        morning = replace(
            snapshot, today=snapshot.today - back * DAY, campaigns=replace(snapshot.campaigns, modifiers=modifiers)
        )
        places.see(morning)
    return morning, places


def test_the_memory_tells_what_a_ledger_would(opened: Market) -> None:
    """Set on the morning ten days ago from 4 to 2, and on the last one but one from 2 to 1."""
    morning, places = mornings(opened, [4.0, 4.0, *[2.0] * 9, 1.0])
    found = places.past(morning).histories[ChangeKind.PLACEMENT]
    assert found.applied[0] == 100 * MICROS
    assert found.before[0] == 200 * MICROS
    assert found.applied_on[0] == morning.today - DAY
    assert found.week_start[0] == 200 * MICROS
    assert (found.applied[1:] == UNKNOWN).all()
    assert np.isnat(found.applied_on[1:]).all()
    live = np.full(len(found.applied), 100 * MICROS)
    assert not found.changed_by_a_person(live).any()
    assert not found.never_taken_over(live).any()

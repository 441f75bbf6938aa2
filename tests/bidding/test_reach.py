"""How far tonight's limits let each bid go, and the rest that a bid takes before it turns about."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bidding.changes import ChangeKind
from bidding.guardrails.rules import code_of
from bidding.history import REST_DAYS, History
from bidding.ledger_file import FileLedger
from bidding.money import micros_of
from bidding.propose import propose
from bidding.reach import highest_columns, reach_of
from bidding.reasons import change_of
from bidding.rollback import reverse
from bidding.run import BidRun
from bidding.snapshot import Snapshot
from bidding.writing import WriteSettings, write_run_through
from tests.bidding.live_account import LiveAccount
from tests.bidding.worlds import TODAY, bids_before, make_account, make_bounds, make_night, make_response, make_snapshot

DAY = np.timedelta64(1, "D")
UP, DOWN = np.full(12, 1.08), np.full(12, 0.92)


def after(applied: float, base: float, **flags: bool) -> History:
    """Twelve bids that we set yesterday."""
    micros = {"applied": applied, "base": base, "before": 0.5}
    columns = {name: micros_of(np.full(12, money)) for name, money in micros.items()}
    turned = {name: np.full(12, flag) for name, flag in flags.items()}
    return replace(History.none(12), applied_on=np.full(12, TODAY - DAY), **columns, **turned)


def reach(history: History, live: float, **limits: float) -> tuple[float, float, float]:
    found = reach_of(make_snapshot(), make_account(**limits), make_bounds(3), history, np.full(12, live))
    return round(float(found.base[0]), 6), round(float(found.low[0]), 6), round(float(found.high[0]), 6)


def test_changes_count_from_the_bid_without_its_jitter() -> None:
    assert reach(History.none(12), 1.08) == (1.08, 0.864, 1.296)
    assert reach(after(1.08, 1.0), 1.08) == (1.0, 0.8, 1.2)


def test_a_persons_bid_is_its_own_base() -> None:
    assert reach(after(1.08, 1.0), 2.0) == (2.0, 1.6, 2.4)


def test_the_week_counts_from_its_own_base() -> None:
    week = replace(after(1.3, 1.3), week_base=micros_of(np.full(12, 1.0)))
    assert reach(week, 1.3) == (1.3, 1.04, 1.4)


def test_fixed_limits_narrow_the_reach_and_a_step_is_always_in_it() -> None:
    assert reach(History.none(12), 1.0, min_bid=0.9, max_bid=1.1) == (1.0, 0.9, 1.1)
    assert reach(History.none(12), 1.0, max_cost_per_click=1.05) == (1.0, 0.8, 1.05)
    assert reach(History.none(12), 0.03) == (0.03, 0.02, 0.04)
    assert reach(History.none(12), 0.02) == (0.02, 0.02, 0.03)


def test_a_base_that_has_just_moved_does_not_turn_about() -> None:
    assert reach(after(1.08, 1.0, rose=True), 1.08) == (1.0, 1.0, 1.2)
    assert reach(after(1.08, 1.0, fell=True), 1.08) == (1.0, 0.8, 1.0)


def test_a_target_that_may_not_rise_stops_at_its_base_not_at_its_jittered_bid() -> None:
    found = reach_of(make_snapshot(), make_account(), make_bounds(3), after(1.1, 1.0), np.full(12, 1.1))
    assert highest_columns(make_response(12), found, np.arange(12) > 5).tolist() == [3] * 6 + [6] * 6


@pytest.mark.parametrize(
    ("column", "flag", "moved"), [(2, "rose", 0), (4, "rose", 12), (4, "fell", 0), (2, "fell", 12)]
)
def test_the_guardrail_holds_a_turn(column: int, flag: str, moved: int) -> None:
    run = propose(make_night(column=column, history=after(1.0, 1.0, **{flag: True})))
    assert len(run.changes) == moved
    assert {code_of(guard) for guard in run.held.guard} == (set() if moved else {"turning"})


def test_jitter_that_ends_is_no_turn() -> None:
    night = make_night(column=3, history=after(1.08, 1.0, rose=True))
    night = replace(night, snapshot=_at(night.snapshot, 1.08))
    assert change_of(propose(night), 0).new == "1.00"
    falls = replace(night, choice=replace(night.choice, column=np.full(12, 2)))
    assert (change_of(propose(falls), 0).new, change_of(propose(falls), 0).binding) == ("1.00", "turning")


class Nights:
    """Nights on one ledger, whose bids are all taken over; `bid` is in force."""

    def __init__(self, folder: Path) -> None:
        self.ledger, self.live = FileLedger(folder / "ledger"), LiveAccount(folder / "live")
        self.live.start({f"t{n}": "1.00" for n in range(12)})
        self.bid, self.number = 1.0, 0

    def history(self) -> History:
        ids, today = make_snapshot().targets.ids, TODAY + self.number * DAY
        return bids_before(self.ledger, ids, micros_of(np.full(12, self.bid)), today)

    def night(self, column: int, jitter: np.ndarray | None = None) -> BidRun:
        limits = {"approval_share": 1.0}
        night = make_night(column=column, history=self.history(), jitter=jitter, limits=limits)
        run = propose(replace(night, snapshot=_at(night.snapshot, self.bid, self.number)))
        assert not run.needs_approval
        self.write(run)
        self.number += 1
        return run

    def write(self, run: BidRun) -> None:
        self.ledger.save_run(run)
        write_run_through(run, self.ledger, self.live, WriteSettings(run.day))
        self.bid = float(self.live.values()["t0"])


def _at(snapshot: Snapshot, bid: float, later: int = 0) -> Snapshot:
    targets = replace(snapshot.targets, bid=np.full(12, bid))
    rows = replace(snapshot.performance, day=snapshot.performance.day + later * DAY)
    return replace(snapshot, today=TODAY + later * DAY, targets=targets, performance=rows)


def test_jitter_is_taken_off_night_after_night(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    nights.night(3, UP)
    assert nights.bid == 1.08
    assert nights.history().bases(micros_of(np.full(12, 1.08)))[0].tolist() == [1_000_000] * 12
    for _ in range(3):
        nights.night(3, UP)
        assert nights.bid == 1.08
    nights.night(3, DOWN)
    assert nights.bid == 0.92
    nights.night(3)
    assert nights.bid == 1.0
    history = nights.history()
    assert not history.rose.any()
    assert not history.fell.any()


def test_moves_of_the_base_are_remembered_for_three_days(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    nights.night(4, DOWN)
    assert nights.bid == pytest.approx(1.01)
    for _ in range(REST_DAYS):
        assert nights.history().rose.all()
        assert not nights.history().fell.any()
        nights.number += 1
    assert not nights.history().rose.any()


def test_a_limited_bid_is_its_own_base(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    nights.night(6, UP)
    assert nights.bid == 1.2
    assert nights.history().bases(micros_of(np.full(12, 1.2)))[0][0] == 1_200_000


def test_a_bid_that_is_put_back_has_its_base_again(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    nights.night(3, UP)
    second = nights.night(4, UP)
    assert nights.bid == pytest.approx(1.19)
    values = {(ChangeKind.BID, f"t{n}"): 1_190_000 for n in range(12)}
    back = reverse(second, nights.ledger, values, TODAY + nights.number * DAY).run
    assert back is not None
    nights.write(back)
    assert nights.bid == 1.08
    assert nights.history().bases(micros_of(np.full(12, 1.08)))[0][0] == 1_000_000


def test_a_base_of_less_than_a_step_counts_as_one() -> None:
    """Chosen beside an increase that rose: below a step there is no bid to count changes from."""
    assert reach(after(0.02, 0.002), 0.02)[0] == 0.01

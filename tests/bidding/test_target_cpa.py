"""Campaigns told what an order may cost: read, steered as targets on return are, written and put back."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bidding.account import Account, AccountChannel
from bidding.bulk.write import write_bulk
from bidding.changes import BidChange, ChangeKind
from bidding.errors import BidError
from bidding.guardrails.rules import Guard
from bidding.in_force import in_force
from bidding.levers import SALES_ELASTICITY, SmartLevers, smart_levers, spend_after_cap
from bidding.night import Night
from bidding.outlook import Trust
from bidding.pacing import DailyBudget
from bidding.propose import propose
from bidding.reasons import Changes
from bidding.reports.reading import read_reports
from bidding.run import KINDS, BidRun
from bidding.snapshot import Platform, Snapshot, Strategy
from bidding.steering import daily_budgets
from tests.bidding.worlds import make_choice, make_night, make_response, make_snapshot, make_steering, make_values

TODAY = np.datetime64("2026-05-11", "D")
HEADER = (
    "Day,Campaign ID,Campaign,Ad group ID,Ad group,Keyword ID,Search keyword,Match type,Max. CPC,Impr.,Clicks,Cost,"
    "Conversions,Conv. value,Bid strategy type,Target ROAS,Target CPA\n"
)
ROW = "2026-05-10,{0},Shop {0},2{0},Group,301,shoes,Exact match, --,1000,20,9.00,2.00,80.00,{1},{2},{3}\n"
ACCOUNT = Account("Acme", "USD", "US", "UTC", (AccountChannel("google", Platform.GOOGLE, margin=0.5),))


def google(cost: float = 10.0) -> Snapshot:
    """Four campaigns of Google; the last one bids for orders at this cost."""
    snapshot = make_snapshot(40, 4)
    strategy = np.array([0, 0, 0, int(Strategy.SMART)])
    campaigns = replace(snapshot.campaigns, strategy=strategy, target_cpa=np.array([np.nan, np.nan, np.nan, cost]))
    return replace(snapshot, channels=("google",), platforms=(Platform.GOOGLE,), campaigns=campaigns)


def night(cost: float = 10.0, edits: int = 0) -> Night:
    """A night on which an order may cost 11."""
    snapshot = google(cost)
    steering = make_steering(snapshot, snapshot.campaigns.modifiers, edits=edits)
    return replace(make_night(40, 4, snapshot=snapshot, steering=steering), account=ACCOUNT)


def targets_of(run: BidRun) -> list[BidChange]:
    return [each for each in Changes(run) if each.kind is ChangeKind.TARGET]


def held(run: BidRun) -> set[int]:
    return set(run.held.guard[run.held.kind == KINDS.index(ChangeKind.TARGET)].tolist())


def levers_of(snapshot: Snapshot) -> SmartLevers:
    count = len(snapshot.targets)
    return smart_levers(snapshot, make_values(count), make_response(count), make_choice(count), np.array([1000.0]))


def test_an_order_may_cost_what_makes_the_next_unit_bring_the_price() -> None:
    levers = levers_of(google())
    # An order brings 0.9 / 0.1 of profit; of the next unit's return the average one is 1 / 0.8.
    assert levers.campaign_cap[3] == pytest.approx(SALES_ELASTICITY * 9.0 / levers.price[0])
    assert levers.campaign_cap[3] == pytest.approx(30.0 / levers.campaign_roas[3]), "a target ROAS in other words"
    assert np.isnan(levers.campaign_cap[:3]).all()
    assert levers.campaign_order_cost[3] == pytest.approx(0.6 / 0.1)


def test_a_target_on_cost_moves_with_its_reason_and_more_of_it_spends_more() -> None:
    (change,) = targets_of(propose(night()))
    assert (change.entity, change.old, change.new) == ("c3:target_cpa", "10.00", "11.00")
    assert change.reason.endswith("its platform should bid for orders at 11.00 each")
    (less,) = targets_of(propose(night(12.0)))
    assert (less.old, less.new) == ("12.00", "11.00")
    now = np.array([10.0])
    risen, fallen = (spend_after_cap(np.array([old]), np.array([11.0]), now)[0] for old in (10.0, 12.0))
    assert risen > 1 >= fallen
    assert change.expected.cost.mean / less.expected.cost.mean == pytest.approx(risen / fallen)


def test_a_days_change_and_two_edits_a_week_hold_for_it() -> None:
    (change,) = targets_of(propose(night(4.0)))
    assert (change.new, change.code) == ("6.00", "daily_change")
    rested = propose(night(edits=2))
    assert not targets_of(rested)
    assert held(rested) == {int(Guard.EDITS)}
    assert not targets_of(propose(night(10.8))), "less than 3 % is not worth an edit"


def test_without_trust_it_does_not_rise_and_may_fall() -> None:
    weak = np.full(40, int(Trust.CHANNEL_WEAK))
    higher, lower = (replace(made, values=replace(made.values, trust=weak)) for made in (night(), night(12.0)))
    assert not targets_of(propose(higher))
    assert held(propose(higher)) == {int(Guard.TRUST)}
    assert [each.new for each in targets_of(propose(lower))] == ["11.00"]


def test_a_campaign_with_one_is_not_steered_by_its_budget() -> None:
    plain = replace(google().campaigns, target_cpa=np.full(4, np.nan))
    found = []
    for campaigns in (google().campaigns, plain):
        snapshot = replace(google(), campaigns=campaigns)
        levers = replace(levers_of(snapshot), appetite=np.array([np.nan, np.nan, np.nan, 5.0]))
        parts = (make_response(40), make_values(40), make_choice(40))
        today = DailyBudget("google", 3000.0, 0.0, 100.0, 100.0, 28, 0.0)
        found.append(daily_budgets(snapshot, *parts, [today], levers)[3])
    assert found[0] < found[1]


def test_the_editor_takes_it_as_money(tmp_path: Path) -> None:
    (change,) = targets_of(propose(night()))
    (path,) = write_bulk([change], google(), ACCOUNT, tmp_path)
    (row,) = csv.DictReader(io.StringIO(path.read_text()))
    assert (row["Campaign"], row["Target CPA"], row["Target ROAS"]) == ("Campaign 3", "11.00", "")
    for bad, message in (("0", "below 0.01"), ("11.005", "no multiple")):
        with pytest.raises(BidError, match=message):
            write_bulk([replace(change, new=bad)], google(), ACCOUNT, tmp_path / "bad")
    with pytest.raises(BidError, match="is not in today's reports"):
        write_bulk([replace(change, platform="microsoft")], google(), ACCOUNT, tmp_path / "bad")


def test_the_keyword_report_tells_it(tmp_path: Path) -> None:
    rows = [ROW.format(11, "Target CPA", " --", "12.50"), ROW.format(12, "Target ROAS", "450%", " --")]
    (tmp_path / "keywords.csv").write_text(HEADER + "".join(rows))
    snapshot = read_reports(tmp_path, ACCOUNT, TODAY)
    np.testing.assert_array_equal(snapshot.campaigns.target_cpa, [12.5, np.nan])
    np.testing.assert_array_equal(snapshot.campaigns.target_roas, [np.nan, 4.5])
    values = in_force(snapshot, ChangeKind.TARGET)
    assert dict(zip(values.ids, values.value.tolist(), strict=True))["11:target_cpa"] == 12_500_000


def test_a_campaign_that_states_both_targets_has_neither_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "keywords.csv").write_text(HEADER + ROW.format(11, "Target CPA", "450%", "12.50"))
    snapshot = read_reports(tmp_path, ACCOUNT, TODAY)
    assert np.isnan(snapshot.campaigns.target_cpa).all()
    assert np.isnan(snapshot.campaigns.target_roas).all()
    assert any("campaigns 11 state a target ROAS and a target CPA" in words for words in snapshot.warnings)
    (tmp_path / "keywords.csv").write_text(HEADER + ROW.format(11, "Target CPA", " --", "-3"))
    with pytest.raises(BidError, match="Target CPA: '-3' is below 0"):
        read_reports(tmp_path, ACCOUNT, TODAY)

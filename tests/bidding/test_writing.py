"""Runs kept, approved, written, killed halfway, resumed and put back, on a platform that is a file."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bidding.approval import approve
from bidding.bulk.port import ItemOutcome
from bidding.circumstances import KillScope
from bidding.errors import BidError
from bidding.kill_switch import lift, scope_from, throw
from bidding.ledger import EntryKind
from bidding.ledger_file import FileLedger
from bidding.money import micros_of
from bidding.propose import propose
from bidding.rollback import live_through, reverse, unfinished_reversals
from bidding.run import BidRun
from bidding.sealing import content_hash
from bidding.writing import WriteSettings, Written, write_run_through
from tests.bidding.conftest import clock
from tests.bidding.live_account import LiveAccount
from tests.bidding.worlds import TODAY, bids_before, make_night

ROOT = Path(__file__).resolve().parents[2]
DAY = np.timedelta64(1, "D")


def write(run: BidRun, ledger: FileLedger, live: LiveAccount, today: np.datetime64 = TODAY) -> Written:
    return write_run_through(run, ledger, live, WriteSettings(today, batch=7))


def test_a_run_comes_back_from_disk_as_it_was(run: BidRun, ledger: FileLedger) -> None:
    again = ledger.load_run(run.id[:12])
    assert again.id == run.id
    assert content_hash(again) == content_hash(run)
    assert again.account == run.account


def test_saving_a_run_twice_keeps_one(run: BidRun, ledger: FileLedger) -> None:
    ledger.save_run(run)
    assert [entry.kind for entry in ledger.entries()] == [EntryKind.PROPOSED]


def test_a_run_that_was_altered_on_disk_is_refused(run: BidRun, ledger: FileLedger) -> None:
    file = ledger.folder / "runs" / run.id / "run.json"
    file.write_text(file.read_text().replace('"daily_change": 0.2', '"daily_change": 0.9'))
    with pytest.raises(BidError, match="is not what was proposed"):
        ledger.load_run(run.id)


def test_an_unknown_run_is_named_with_the_latest(run: BidRun, ledger: FileLedger) -> None:
    with pytest.raises(BidError, match=f"there is no run '2024'; the latest is {run.id}"):
        ledger.load_run("2024")


def test_writing_sets_every_value_and_a_second_time_none(run: BidRun, ledger: FileLedger, live: LiveAccount) -> None:
    assert write(run, ledger, live).written == 40
    assert set(live.values().values()) == {"1.10"}
    lines = len(ledger.entries())
    second = write(run, ledger, live)
    assert (second.written, second.settled_before) == (0, 40)
    assert max(live.writes().values()) == 2
    assert len(ledger.entries()) == lines


def test_items_that_fail_are_told_and_only_passing_failures_are_sent_again(
    run: BidRun, ledger: FileLedger, live: LiveAccount
) -> None:
    live.refuses = {"t3": ItemOutcome.REFUSED, "t4": ItemOutcome.RETRY}
    live.put("t5", "3.00")
    first = write(run, ledger, live)
    assert first.written == 37
    assert first.failed == {
        "t3": "the platform says no",
        "t4": "the platform says no",
        "t5": "3.00 is live, 1.00 was",
    }
    live.refuses = {}
    second = write(run, ledger, live)
    assert second.written == 1
    assert set(second.failed) == {"t3", "t5"}
    assert (live.values()["t3"], live.values()["t4"], live.values()["t5"]) == ("1.00", "1.10", "3.00")


def test_a_target_that_no_longer_exists_is_told(run: BidRun, ledger: FileLedger, live: LiveAccount) -> None:
    live.start({name: value for name, value in live.values().items() if name != "t9"})
    assert write(run, ledger, live).failed == {"t9": "it no longer exists"}


def test_a_large_run_waits_for_a_person_and_one_approval_is_enough(ledger: FileLedger, live: LiveAccount) -> None:
    large = propose(make_night(targets=40, column=6))
    ledger.save_run(large)
    refused = write(large, ledger, live)
    assert refused.refused_because is not None
    assert "needs a person's approval" in refused.refused_because
    assert set(live.values().values()) == {"1.00"}
    with pytest.raises(BidError, match="needs a person's name"):
        approve(large, ledger, " ")
    assert approve(large, ledger, "Ann").approved_by == "Ann"
    assert approve(large, ledger, "Bob").approved_by == "Ann"
    assert write(large, ledger, live).written == 40


def test_old_runs_and_overtaken_runs_are_refused(run: BidRun, ledger: FileLedger, live: LiveAccount) -> None:
    late = write(run, ledger, live, TODAY + 2 * DAY)
    assert "2 days ago" in str(late.refused_because)
    other = propose(make_night(targets=40, column=2))
    ledger.save_run(other)
    write(run, ledger, live)
    assert f"run {run.id} was written after" in str(write(other, ledger, live).refused_because)


def test_a_kill_switch_stops_what_is_not_yet_written(run: BidRun, ledger: FileLedger, live: LiveAccount) -> None:
    throw(ledger, scope_from("campaign:c1"), "Ann", "prices are wrong")
    partly = write(run, ledger, live)
    assert (partly.written, partly.stopped) == (27, 13)
    throw(ledger, scope_from("account"), "Ann")
    assert write(run, ledger, live).stopped == 13
    lift(ledger, scope_from("account"), "Ann")
    lift(ledger, scope_from("campaign:c1"), "Ann")
    assert write(run, ledger, live).written == 13
    with pytest.raises(BidError, match="nothing to lift"):
        lift(ledger, scope_from("account"), "Ann")


def test_files_named_stop_are_kill_switches(run: BidRun, ledger: FileLedger, live: LiveAccount) -> None:
    stop = ledger.folder.parent / "STOP"
    stop.touch()
    assert [kill.scope for kill in ledger.kills()] == [KillScope.GLOBAL]
    assert write(run, ledger, live).stopped == 40
    lift(ledger, scope_from("global"), "Ann")
    assert not stop.exists()
    (ledger.folder / "STOP").touch()
    with pytest.raises(BidError, match="remove the file"):
        lift(ledger, scope_from("account"), "Ann")
    (ledger.folder / "STOP").unlink()
    throw(FileLedger(ledger.folder.parent / "another"), scope_from("global"), "Bob", "a wrong price list")
    assert "by Bob a wrong price list" in ledger.kills()[0].why
    lift(ledger, scope_from("global"), "Ann")
    assert write(run, ledger, live).written == 40


@pytest.mark.parametrize("text", ["everything", "channel", "account:acme"])
def test_scopes_that_do_not_exist_are_refused(text: str) -> None:
    with pytest.raises(BidError, match=f"scope '{text}'"):
        scope_from(text)


def test_a_rollback_restores_exactly_what_is_still_ours(run: BidRun, ledger: FileLedger, live: LiveAccount) -> None:
    live.put("t7", "1.004500")
    with pytest.raises(BidError, match="was never written"):
        reverse(run, ledger, live_through(live, run), TODAY)
    write(run, ledger, live)
    live.put("t1", "2.22")
    gone = {name: value for name, value in live.values().items() if name != "t2"}
    live.start(gone)
    reversal = reverse(run, ledger, live_through(live, run), TODAY)
    assert reversal.run is not None
    assert reversal.left == {
        "t1": "it is not ours any more: 2.22 is live, the run wrote 1.10",
        "t2": "it no longer exists",
    }
    ledger.save_run(reversal.run)
    assert write(reversal.run, ledger, live, TODAY + 30 * DAY).written == 37
    assert live.values() == dict.fromkeys(gone, "1.00") | {"t1": "2.22", "t7": "1.004500"}
    again = reverse(run, ledger, live_through(live, run), TODAY)
    assert again.run is None
    assert again.left["t0"] == f"run {reversal.run.id} has written it since"


def test_a_rollback_leaves_what_a_later_run_wrote(run: BidRun, ledger: FileLedger, live: LiveAccount) -> None:
    write(run, ledger, live)
    night = make_night(targets=40, column=5)
    object.__setattr__(night.snapshot.targets, "bid", np.full(40, 1.1))
    later = propose(night)
    ledger.save_run(later)
    approve(later, ledger, "Ann")
    assert write(later, ledger, live).written == 40
    reversal = reverse(run, ledger, live_through(live, run), TODAY)
    assert reversal.run is None
    assert set(reversal.left.values()) == {f"run {later.id} has written it since"}
    assert set(live.values().values()) == {"1.30"}


def test_history_knows_day_week_and_a_persons_change(run: BidRun, ledger: FileLedger, live: LiveAccount) -> None:
    live.put("t3", "9.00")
    write(run, ledger, live)
    ids, now = run.written.targets.ids, np.full(40, 1_100_000)
    today = bids_before(ledger, ids, now, TODAY)
    assert today.applied[0] == 1_100_000
    assert (today.day_start[0], today.week_start[0]) == (1_000_000, 1_000_000)
    assert today.applied[3] == -1
    assert bids_before(ledger, ids, now, TODAY + DAY).day_start[0] == -1
    assert bids_before(ledger, ids, now, TODAY + 6 * DAY).week_start[0] == 1_000_000
    assert bids_before(ledger, ids, now, TODAY + 7 * DAY).week_start[0] == -1


def test_a_persons_change_is_remembered_from_the_night_it_was_first_seen(
    run: BidRun, ledger: FileLedger, live: LiveAccount
) -> None:
    write(run, ledger, live)
    night = make_night(targets=40)
    bids = np.where(np.arange(40) == 5, 3.0, 1.1)
    object.__setattr__(night.snapshot.targets, "bid", bids)
    ids, now = night.snapshot.targets.ids, micros_of(bids)
    object.__setattr__(night, "history", bids_before(ledger, ids, now, TODAY))
    second = propose(night)
    assert second.manual.entity.tolist() == ["t5"]
    ledger.save_run(second)
    later = bids_before(ledger, ids, now, TODAY + 3 * DAY)
    assert str(later.manual_since[5]) == str(TODAY)
    assert later.days_since_manual(now, TODAY + 3 * DAY)[5] == 3
    moved_again = np.where(now == 3_000_000, 4_000_000, now)
    assert np.isnat(bids_before(ledger, ids, moved_again, TODAY + 3 * DAY).manual_since[5])


def test_two_writers_at_once_are_refused(run: BidRun, ledger: FileLedger, live: LiveAccount) -> None:
    with ledger.locked(), pytest.raises(BidError, match="another rmo is writing"):
        write(run, FileLedger(ledger.folder), live)


def start(ledger: FileLedger, run: BidRun, live: LiveAccount) -> "subprocess.Popen[bytes]":
    program = [sys.executable, "-m", "tests.bidding.live_account", str(ledger.folder), run.id, str(live.path), "0.01"]
    child = subprocess.Popen(program, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    return child


def kill_at_random(run: BidRun, ledger: FileLedger, live: LiveAccount, chance: random.Random, times: int) -> None:
    """Begin to apply the run time and again, each time until it is killed somewhere."""
    kills = 0
    for _ in range(times):
        child = start(ledger, run, live)
        time.sleep(chance.uniform(0.0, 0.15))
        child.send_signal(signal.SIGKILL)
        kills += child.wait() == -signal.SIGKILL
        assert child.stdout is not None
        child.stdout.close()
    assert kills >= 2


def test_killed_at_any_point_and_resumed_the_end_is_the_same(
    run: BidRun, ledger: FileLedger, live: LiveAccount
) -> None:
    kill_at_random(run, ledger, live, random.Random(3), 10)
    written = write(run, FileLedger(ledger.folder, clock), live)
    assert written.failed == {}
    assert live.values() == {f"t{n}": "1.10" for n in range(40)}
    assert set(live.writes().values()) == {2}
    assert write(run, FileLedger(ledger.folder, clock), live).written == 0
    reversal = reverse(run, FileLedger(ledger.folder), live_through(live, run), TODAY)
    assert reversal.run is not None
    assert len(reversal.run.changes) == 40


def test_a_rollback_stopped_in_the_middle_is_known(run: BidRun, ledger: FileLedger, live: LiveAccount) -> None:
    write(run, ledger, live)
    back = reverse(run, ledger, live_through(live, run), TODAY).run
    assert back is not None
    ledger.save_run(back)
    assert unfinished_reversals(run, ledger) == [back.id]
    write(back, ledger, live)
    assert unfinished_reversals(run, ledger) == []
    assert json.loads((ledger.folder / "runs" / back.id / "run.json").read_text())["header"]["reverses"] == run.id

"""The child process: results, problems, limits, and that none of it outlives whoever started it."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from api.jobs.child import Ending, Limits, Outcome, Work, run_in_child

GENEROUS = Limits(seconds=60, memory_bytes=2 * 1024**3)


def run(tmp_path: Path, entry: str, request: dict[str, Any], limits: Limits = GENEROUS, go_on: Any = None) -> Outcome:
    folder = tmp_path / "work"
    folder.mkdir()
    return run_in_child(Work(entry, request, folder), limits, go_on or (lambda _: True))


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_until(condition: Any, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_a_result_comes_back(tmp_path: Path, errands: str) -> None:
    assert run(tmp_path, f"{errands}:double", {"number": 21}) == Outcome(Ending.RESULT, {"double": 42}, "")


def test_progress_is_told_while_it_works(tmp_path: Path, errands: str) -> None:
    told: list[Any] = []
    run(tmp_path, f"{errands}:double", {"number": 1, "seconds": 2.5}, go_on=lambda p: told.append(p) or True)
    assert told[-1] == {"stage": "doubling", "done": 1}


def test_bad_input_reads_as_the_commands_word_it(tmp_path: Path, errands: str) -> None:
    outcome = run(tmp_path, f"{errands}:bad_panel", {})
    assert outcome.ending is Ending.PROBLEM
    assert outcome.content["status"] == 422
    assert outcome.content["code"] == "bad_input"
    assert outcome.content["detail"] == "panel.csv: row 3, column sales: 'x' is not a number; write a number"
    assert "Traceback" not in outcome.log


def test_a_fault_keeps_its_traceback_for_the_log(tmp_path: Path, errands: str) -> None:
    outcome = run(tmp_path, f"{errands}:fault", {})
    assert outcome.ending is Ending.PROBLEM
    assert outcome.content["code"] == "internal_error"
    assert "secret" not in str(outcome.content)
    assert "a secret of the inside" in outcome.log


@pytest.mark.parametrize("which", ["chain_ended", "manager_ended"])
def test_work_whose_own_process_was_ended_counts_as_died(tmp_path: Path, errands: str, which: str) -> None:
    assert run(tmp_path, f"{errands}:{which}", {}).ending is Ending.DIED


def test_time_is_limited(tmp_path: Path, errands: str) -> None:
    outcome = run(tmp_path, f"{errands}:double", {"number": 1, "seconds": 30}, Limits(1.5, 2 * 1024**3))
    assert (outcome.ending, outcome.content["code"]) == (Ending.PROBLEM, "time_limit")


def test_memory_is_limited_by_what_is_held(tmp_path: Path, errands: str) -> None:
    limits = Limits(30, 300 * 1024**2)
    outcome = run(tmp_path, f"{errands}:hold", {"bytes": 500 * 1024**2}, limits)
    assert (outcome.ending, outcome.content["code"]) == (Ending.PROBLEM, "memory_limit")
    assert "0.3 GiB" in outcome.content["detail"]


def test_whoever_no_longer_wants_it_ends_it_and_its_children(tmp_path: Path, errands: str) -> None:
    pids = tmp_path / "pids"
    outcome = run(tmp_path, f"{errands}:family", {"pids": str(pids)}, go_on=lambda _: not pids.exists())
    assert outcome.ending is Ending.STOPPED
    assert not any(alive(int(pid)) for pid in pids.read_text().split())


@pytest.mark.parametrize("whom", ["leader", "parent"])
def test_nothing_outlives_a_kill(tmp_path: Path, errands: str, whom: str) -> None:
    folder, pids = tmp_path / "work", tmp_path / "pids"
    folder.mkdir()
    script = f"""
        from pathlib import Path
        from api.jobs.child import Limits, Work, run_in_child
        work = Work("{errands}:family", {{"pids": {str(pids)!r}}}, Path({str(folder)!r}))
        print(run_in_child(work, Limits(60, 2**31), lambda _: True).ending.value)
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ["PYTHONPATH"]])}
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert wait_until(pids.exists)
    leader, grandchild = (int(pid) for pid in pids.read_text().split())
    assert alive(leader)
    assert alive(grandchild)
    os.kill({"leader": leader, "parent": parent.pid}[whom], signal.SIGKILL)
    said, _ = parent.communicate(timeout=10)
    assert said.strip() == {"leader": "died", "parent": ""}[whom]
    assert wait_until(lambda: not alive(leader) and not alive(grandchild), 3)

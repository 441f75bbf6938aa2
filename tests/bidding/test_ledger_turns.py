"""Several who add to one ledger at once: each gets a turn, nothing is lost, and a switch waits for no writer."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bidding.circumstances import KillScope
from bidding.kill_switch import lift, throw
from bidding.ledger import EntryKind
from bidding.ledger_file import FileLedger

WRITERS, EACH = 8, 12


def test_entries_of_several_writers_follow_one_another(tmp_path: Path) -> None:
    def write(writer: int) -> None:
        ledger = FileLedger(tmp_path / "ledger")
        for number in range(EACH):
            ledger.append(EntryKind.APPROVED, {"run": f"{writer}-{number}", "by": "Ann"})

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    entries = FileLedger(tmp_path / "ledger").entries()
    assert [entry.seq for entry in entries] == list(range(1, WRITERS * EACH + 1))
    assert len({entry.content["run"] for entry in entries}) == WRITERS * EACH


def test_a_switch_is_thrown_while_a_run_is_written(tmp_path: Path) -> None:
    writing, person = FileLedger(tmp_path / "ledger"), FileLedger(tmp_path / "ledger")
    scope = (KillScope.CHANNEL, "amazon")
    with writing.locked():
        writing.append(EntryKind.APPLYING, {"run": "r", "items": [[0, 1]]})
        throw(person, scope, "Ann", "prices are wrong")
        assert [kill.name for kill in writing.kills()] == ["amazon"]
        writing.append(EntryKind.APPLIED, {"run": "r"})
        lift(person, scope, "Ann")
    assert [entry.kind.value for entry in writing.entries()] == ["applying", "killed", "applied", "lifted"]

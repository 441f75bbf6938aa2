"""The journal: what was altered is told and nothing is repaired; a line cut off by a crash is set aside."""

import pytest

from bidding.errors import BidError
from bidding.kill_switch import scope_from, throw
from bidding.ledger import EntryKind
from bidding.ledger_file import FileLedger
from bidding.run import BidRun
from tests.bidding.conftest import clock


@pytest.mark.parametrize("damage", ["changed", "removed", "unreadable"])
def test_a_journal_that_was_altered_is_told_and_not_repaired(run: BidRun, ledger: FileLedger, damage: str) -> None:
    for scope in ("account", "channel:amazon"):
        throw(ledger, scope_from(scope), "Ann")
    file = ledger.folder / "journal.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    lines[1] = {"changed": lines[1].replace("Ann", "Bob"), "removed": "", "unreadable": "{\n"}[damage]
    file.write_text("".join(lines))
    before = file.read_bytes()
    with pytest.raises(BidError, match=r"journal.jsonl, line 2: .*Nothing was repaired"):
        FileLedger(ledger.folder).append(EntryKind.KILLED, {})
    assert file.read_bytes() == before


def test_an_unfinished_last_line_is_set_aside_and_noted(run: BidRun, ledger: FileLedger) -> None:
    file = ledger.folder / "journal.jsonl"
    with file.open("a") as journal:
        journal.write('{"seq": 2, "at')
    fresh = FileLedger(ledger.folder, clock)
    assert fresh.torn() == b'{"seq": 2, "at'
    throw(fresh, scope_from("account"), "Ann")
    assert [entry.kind for entry in FileLedger(ledger.folder).entries()] == [
        EntryKind.PROPOSED,
        EntryKind.TORN,
        EntryKind.KILLED,
    ]

"""A run and a filter in, one page of its changes or of what was held out; sentences only for what is shown."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.bid_json import change_json
from api.paging import Page, PageRequest, page_of_entries, page_of_places
from api.service import Service
from api.services.ledgers import opened, runs
from bidding.changes import ChangeKind
from bidding.guardrails.rules import Guard, code_of
from bidding.reasons import change_of, held_of
from bidding.run import KINDS, BidRun

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class ChangeFilter:
    """Which rows are wanted; None for any."""

    channel: str | None = None
    kind: ChangeKind | None = None
    code: str | None = None
    entity: str | None = None


def changes_page(service: Service, account: str, name: str, wanted: ChangeFilter, page: PageRequest) -> dict[str, Any]:
    """One page of a run's changes, in the run's own order."""
    with opened(service, account) as ledger:
        run = runs.load(ledger, name)
    code = run.changes.binding
    keep = _of_channel(run, run.changes.channel, wanted.channel)
    if wanted.code is not None:
        keep &= np.full(len(code), wanted.code == "rollback") if run.reverses else np.isin(code, _guards(wanted.code))
    if wanted.kind is not None:
        keep &= run.changes.kind == KINDS.index(wanted.kind)
    if wanted.entity is not None:
        keep &= run.changes.entity == wanted.entity
    return _page(keep, page).to_json(lambda row: change_json(change_of(run, row)))


def held_page(service: Service, account: str, name: str, wanted: ChangeFilter, page: PageRequest) -> dict[str, Any]:
    """One page of what a run held."""
    with opened(service, account) as ledger:
        run = runs.load(ledger, name)
    keep = _of_channel(run, run.held.channel, wanted.channel)
    if wanted.code is not None:
        keep &= np.isin(run.held.guard, _guards(wanted.code))
    return _page(keep, page).to_json(lambda row: dict(vars(held_of(run, row))))


def ledger_page(service: Service, account: str, name: str | None, page: PageRequest) -> dict[str, Any]:
    """One page of the ledger's entries, newest first, all or those of one run."""
    with opened(service, account) as ledger:
        entries = ledger.entries()
        mine = [entry for entry in entries if name is None or entry.content.get("run") == name]
    return page_of_entries(len(mine), page).to_json(lambda place: mine[place - 1].to_json())


def _of_channel(run: BidRun, channel: NDArray[np.int64], wanted: str | None) -> BoolArray:
    if wanted is None:
        return np.ones(len(channel), dtype=bool)
    return np.array([name == wanted for name in run.channels], dtype=bool)[channel]


def _guards(code: str) -> list[int]:
    return [int(guard) for guard in Guard if code_of(int(guard)) == code]


def _page(keep: BoolArray, page: PageRequest) -> Page[int]:
    return page_of_places(np.flatnonzero(keep).tolist(), page)

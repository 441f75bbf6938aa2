"""A folder of exports and the account in, the account's `Snapshot` out; what did not survive is named row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bidding import vintages
from bidding.account import Account
from bidding.errors import BidError
from bidding.reports.files import ReportFile, report_files
from bidding.reports.generic import TableMap, table_maps
from bidding.reports.history import history, located
from bidding.reports.kinds import ReportKind, report_kinds, target_kind, window_of
from bidding.reports.located_simulations import located_simulations
from bidding.reports.parsed import Pull
from bidding.reports.placements import placement_results
from bidding.reports.schema import known_headers, recognised
from bidding.reports.state import State, state_of
from bidding.reports.tables import read_tables
from bidding.snapshot import Days, RejectedRow, Snapshot

RECENT_DAYS = 2
NO_CHANNEL_OF = "account.toml has no channel of this report's platform: the report was left out"


def read_reports(
    folder: Path | str, account: Account, today: np.datetime64, archive: Path | str | None = None
) -> Snapshot:
    """Read every report of a folder.

    Args:
        folder: exports, in sub-folders if you like; a sub-folder named by a date is the day of its files' pull.
        account: channels, currency, attribution windows.
        today: the day for which bids are set.
        archive: folder of earlier pulls; the new ones are added to it.

    Raises:
        BidError: a file that cannot be used, by name, with what to do.
    """
    kept = None if archive is None else Path(archive)
    known = {} if kept is None else vintages.first_pulls(kept)
    files, warnings = report_files(Path(folder), today, known, kept)
    kinds = report_kinds(account, today)
    maps = table_maps(Path(folder))
    pulls = []
    for file in files:
        found = _pulls(file, _kinds_of(file, kinds, maps, account), account)
        warnings = (
            *warnings,
            *(f"{pull.parsed.file}: {NO_CHANNEL_OF}" for pull in found if not _is_wanted(pull, account)),
        )
        pulls += [pull for pull in found if _is_wanted(pull, account)]
    earlier = [] if kept is None else _archived(kept, pulls, known, account)
    state = state_of(pulls, account)
    return _snapshot(account, today, state, _Pulled(pulls, earlier, files, warnings))


@dataclass(frozen=True)
class _Pulled:
    """What was pulled today, earlier, from which files, and what to tell of them."""

    pulls: Sequence[Pull]
    earlier: Sequence[Pull]
    files: Sequence[ReportFile]
    warnings: Sequence[str]


def _kinds_of(
    file: ReportFile, kinds: Sequence[ReportKind], maps: Sequence[TableMap], account: Account
) -> Sequence[ReportKind]:
    """The kinds that a file may be: the one of its map where it has one.

    Raises:
        BidError: two maps are for the file.
    """
    mine = [entry for entry in maps if entry.fits(file.name)]
    if len(mine) > 1:
        raise BidError(
            f"{file.name}: both {mine[0].name} and {mine[1].name} are for this file: narrow their files keys"
        )
    return [target_kind(mine[0].report, account.currency)] if mine else kinds


def _is_wanted(pull: Pull, account: Account) -> bool:
    return any(channel.platform is pull.parsed.platform for channel in account.channels)


def _pulls(file: ReportFile, kinds: Sequence[ReportKind], account: Account) -> list[Pull]:
    schemas = [kind.schema for kind in kinds]
    tables = read_tables(file.name, file.content(), known_headers(schemas))
    pulls, unknown = [], []
    for table in tables:
        try:
            schema, places = recognised(table, schemas)
        except BidError as error:
            unknown.append(error)
            continue
        parsed = next(kind.read(table, places) for kind in kinds if kind.schema is schema)
        if parsed.days is not None and len(table) and not len(parsed.days) and parsed.rejected:
            first = parsed.rejected[0]
            raise BidError(f"{first.file}: no row can be used; row {first.row}: {first.reason}")
        pulls.append(Pull(file.sha256, file.name, file.pulled, window_of(account, parsed.platform), parsed))
    if not pulls:
        raise unknown[0]
    # A workbook has sheets of other kinds beside the one that is wanted.
    return pulls


def _archived(archive: Path, pulls: Sequence[Pull], known: dict[str, np.datetime64], account: Account) -> list[Pull]:
    """Add the new pulls to the archive; the earlier ones that this account can use."""
    numbers: dict[str, int] = {}
    for pull in pulls:
        number = numbers[pull.sha256] = numbers.get(pull.sha256, -1) + 1
        vintages.store(archive, pull, number)
    here = {pull.sha256 for pull in pulls}
    platforms = {channel.platform for channel in account.channels}
    return [
        pull
        for pull in vintages.stored(archive)
        if pull.sha256 not in here
        and pull.parsed.platform in platforms
        and pull.window == window_of(account, pull.parsed.platform)
    ]


def _snapshot(account: Account, today: np.datetime64, state: State, pulled: _Pulled) -> Snapshot:
    rejected: list[RejectedRow] = [row for pull in pulled.pulls for row in pull.parsed.rejected]
    parts = []
    for pull in pulled.earlier:
        if pull.pulled <= today:
            found, _ = located(pull, state)
            parts.append(found)
    for pull in pulled.pulls:
        found, lost = located(pull, state)
        parts.append(found)
        rejected += lost
    performance, restatement = history([part for part in parts if part is not None], state, today)
    simulations, unplaced = located_simulations(pulled.pulls, state)
    warnings = [*pulled.warnings, *unplaced, *state.warnings]
    warnings += [warning for pull in pulled.pulls for warning in pull.parsed.warnings]
    warnings += _age_warnings(performance.day, today)
    return Snapshot(
        today=today,
        channels=tuple(channel.name for channel in account.channels),
        platforms=tuple(channel.platform for channel in account.channels),
        campaigns=state.campaigns,
        targets=state.targets,
        performance=performance,
        restatement=restatement,
        rejected=tuple(rejected),
        warnings=tuple(dict.fromkeys(warnings)),
        source_hashes={file.name: file.sha256 for file in pulled.files},
        simulations=simulations,
        placements=placement_results(pulled.pulls, state, account, today),
    )


def _age_warnings(day: Days, today: np.datetime64) -> list[str]:
    if not len(day):
        return ["the reports hold no daily results: every target is unknown"]
    last = day.max()
    if today - last > np.timedelta64(RECENT_DAYS, "D"):
        return [f"the reports end on {last}, {int((today - last).astype(int))} days before {today}: pull newer ones"]
    return []

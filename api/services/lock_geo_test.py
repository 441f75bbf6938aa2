"""A panel's file and a test that is about to run in, its lock on disk out; exclusions and freezes of locks too."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from measurement.errors import BadInput
from measurement.geotest.design_file import Design, read_design
from measurement.geotest.design_question import ExperimentKind
from measurement.geotest.exclusions import exclude
from measurement.geotest.freeze import Freeze, freezes_of, overlaps, to_csv
from measurement.geotest.lock_file import LockFile, create_lock, read_lock
from measurement.geotest.pairs import read_pairs
from measurement.geotest.registration import PlannedSpend, Proposal, register, step_days
from measurement.geotest.specification import AnalysisSettings, Cell, Estimator, GeoTest, Window
from measurement.geotest.spend_plan import read_spend_plan
from measurement.panel import Panel

WEEKS = 4


@dataclass(frozen=True)
class LockRequest:
    """What to lock; who is treated comes from `design`, `pairs`, `cells` or `treated`, one of the four.

    Attributes:
        weeks, end: how long, where no design says it; at most one of the two.
        level: None for the design's, or 0.9.
        spend_plan: a file of what treated geos shall spend, or None.
    """

    panel: Path
    out: Path
    start: date
    design: Path | None = None
    pick: int | None = None
    pairs: Path | None = None
    treated: tuple[str, ...] = ()
    cells: tuple[Cell, ...] = ()
    excluded: tuple[str, ...] = ()
    weeks: int | None = None
    end: date | None = None
    cooldown_weeks: int = 0
    kind: str | None = None
    spend: str | None = None
    spend_plan: Path | None = None
    outcome: str | None = None
    name: str | None = None
    panel_map: Path | None = None
    level: float | None = None
    estimator: str = "auto"
    break_even: float = 1.0
    seed: int = 0
    after_the_fact: bool = False


@dataclass(frozen=True)
class LockAnswer:
    """A lock as written, and what its reader should know."""

    file: LockFile
    warnings: tuple[str, ...]


def lock_test(request: LockRequest) -> LockAnswer:
    """Check, resolve and write the lock. Raises BadInput; nothing is written then."""
    from api.services.analyze_geo_test import read_with_spend

    if request.out.exists():
        raise BadInput(f"{request.out} exists: a lock is never overwritten; choose another --out")
    design = _design(request)
    spend = _agreed("--spend", request.spend, design.channel)
    outcome = _agreed("--outcome", request.outcome, design.outcome)
    read, channel = read_with_spend(request.panel, request.panel_map, spend)
    window = _window(request, design, read.panel)
    at = datetime.now(UTC)
    proposal = Proposal(
        name=request.name or request.out.stem,
        test=GeoTest(
            window=window,
            treated=design.treated,
            excluded=tuple(dict.fromkeys((*request.excluded, *design.set_apart))),
            pairs=design.pairs if request.pairs else design.pairs_for(Estimator(request.estimator)),
            outcome=outcome,
            spend=channel,
            cells=design.cells,
            blocks=design.assignment.blocks,
        ),
        settings=AnalysisSettings(
            Estimator(request.estimator), request.level or design.level or 0.9, request.break_even, request.seed
        ),
        control=tuple(geo for geo in design.control if geo not in request.excluded),
        kind=ExperimentKind(request.kind) if request.kind else design.kind,
        spend_plan=_spend_plan(request, design, window),
        assignment=design.assignment,
        after_the_fact=request.after_the_fact,
    )
    file = create_lock(request.out, register(read, proposal, at))
    return LockAnswer(file, (*read.warnings, *_notes(file, at)))


def exclude_geo(path: Path, geo: str, reason: str) -> LockFile:
    """Log an exclusion. Raises BadInput."""
    return exclude(path, geo, reason, datetime.now(UTC))


def write_freezes(paths: tuple[Path, ...], out: Path) -> tuple[tuple[Freeze, ...], tuple[str, ...]]:
    """Write the freeze list of some locks; returns it with what should be known. Raises BadInput."""
    from api.services.write_page import refuse_no_folder, write_whole

    refuse_no_folder(out)
    freezes = freezes_of(read_lock(path).lock for path in paths)
    write_whole(out, to_csv(freezes))
    return freezes, overlaps(freezes)


def _design(request: LockRequest) -> Design:
    if request.design is not None:
        return read_design(request.design, request.pick)
    if request.pick is not None:
        raise BadInput("--pick chooses among the designs of a --design file: give both, or neither")
    if request.pairs is not None:
        pairs = read_pairs(request.pairs)
        return Design(treated=tuple(pair.treated for pair in pairs), pairs=pairs)
    treated = request.treated or tuple(geo for cell in request.cells for geo in cell.geos)
    return Design(treated=treated, cells=request.cells)


def _agreed(option: str, given: str | None, designed: str | None) -> str | None:
    if given is not None and designed is not None and given not in (designed, f"{designed}_spend"):
        raise BadInput(f"{option} {given} contradicts the design, which says {designed}: leave it out")
    return designed if designed is not None else given


def _window(request: LockRequest, design: Design, panel: Panel) -> Window:
    designed = None if design.periods is None else design.periods * step_days(panel)
    if designed is None and design.weeks is not None:
        designed = 7 * design.weeks
    given = None if request.weeks is None else 7 * request.weeks
    if request.end is not None:
        if given is not None:
            raise BadInput("give --weeks or --end, not both")
        given = (request.end - request.start).days + 1
    if given is not None and designed is not None and given != designed:
        raise BadInput(f"the design is for {designed} days and {given} are asked for: leave --weeks and --end out")
    days = designed or given or 7 * WEEKS
    end = request.start + timedelta(days=days - 1)
    cooldown = end + timedelta(weeks=request.cooldown_weeks) if request.cooldown_weeks else None
    return Window(request.start, end, cooldown)


def _spend_plan(request: LockRequest, design: Design, window: Window) -> tuple[PlannedSpend, ...]:
    weeks = read_spend_plan(request.spend_plan) if request.spend_plan else design.spend_plan
    planned = tuple(week.from_start(window.start) for week in weeks)
    for row in planned:
        if not window.start <= row.start <= window.end:
            raise BadInput(
                f"the spend plan has a week from {row.start} for geo {row.geo!r}, while the test runs from "
                f"{window.start} to {window.end}: correct the plan or the window"
            )
    return planned


def _notes(file: LockFile, at: datetime) -> tuple[str, ...]:
    lock, notes = file.lock, []
    if lock.after_the_fact:
        notes.append("locked after the fact: the panel holds days of the test, and every report will say so")
    elif at.date() > lock.test.window.start:
        notes.append(
            f"locked on {at.date()}, after the test's start on {lock.test.window.start}: every report will say so"
        )
    if lock.test.spend is None:
        notes.append("no spend is locked: delivery cannot be watched and no iROAS will be given; name it with --spend")
    elif not lock.spend_plan:
        notes.append("no planned spend is locked: give --kind or --spend-plan, or delivery is only held against usual")
    return tuple(notes)

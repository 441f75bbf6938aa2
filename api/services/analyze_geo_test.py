"""A panel's file and a finished geo test in, its analysis out, and one HTML page where asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from measurement.geotest.result import GeoTestResult
from measurement.geotest.specification import AnalysisSettings, Cell, GeoTest, Window
from measurement.reading import ReadPanel

if TYPE_CHECKING:
    from measurement.geotest.design_file import Design


@dataclass(frozen=True)
class AnalysisRequest:
    """What to analyse; `panel_map`, `pairs`, `design` and `html` are files or None, `spend` a channel or a column."""

    panel: Path
    window: Window
    treated: tuple[str, ...] = ()
    cells: tuple[Cell, ...] = ()
    excluded: tuple[str, ...] = ()
    pairs: Path | None = None
    design: Path | None = None
    panel_map: Path | None = None
    outcome: str | None = None
    spend: str | None = None
    html: Path | None = None


@dataclass(frozen=True)
class LockedRequest:
    """A locked test to analyse; files or None."""

    panel: Path
    lock: Path
    panel_map: Path | None = None
    html: Path | None = None
    accept_restated: bool = False


def analyze_file(request: AnalysisRequest, settings: AnalysisSettings) -> GeoTestResult:
    """Read, analyse, write the page. Raises BadInput; a page is written only when it is complete."""
    from measurement.geotest.analysis import analyze_geo_test

    _refuse_no_page(request.html)
    read, spend = read_with_spend(request.panel, request.panel_map, request.spend)
    who = _who(request)
    test = GeoTest(
        window=request.window,
        treated=who.treated,
        excluded=tuple(dict.fromkeys((*request.excluded, *who.set_apart))),
        pairs=who.pairs if request.pairs else who.pairs_for(settings.estimator),
        outcome=request.outcome,
        spend=spend,
        cells=who.cells,
        blocks=who.assignment.blocks,
    )
    result = analyze_geo_test(read, test, settings)
    _write_page(request.html, result, settings, read)
    return result


def analyze_locked(request: LockedRequest) -> GeoTestResult:
    """Analyse as the lock says; its log knows that the result is shown before anybody sees it. Raises BadInput."""
    from measurement.geotest.lock_file import Event, append_entry, read_lock
    from measurement.geotest.registered import analyze_registered
    from measurement.panel import panel_hash

    _refuse_no_page(request.html)
    file = read_lock(request.lock)
    read, _ = read_with_spend(request.panel, request.panel_map, file.lock.test.spend)
    result = analyze_registered(read, file, accept_restated=request.accept_restated)
    detail: Mapping[str, str] = {
        "panel_sha256": panel_hash(read.panel),
        "restated": "; ".join(result.registration.restated if result.registration else ()),
    }
    append_entry(request.lock, Event.ANALYSED, datetime.now(UTC), detail)
    _write_page(request.html, result, file.lock.settings, read)
    return result


def _who(request: AnalysisRequest) -> "Design":
    """Who was treated and how that came about, as it is named, or from a file."""
    from measurement.geotest.design_file import Design, read_design
    from measurement.geotest.pairs import read_pairs

    if request.pairs is not None:
        pairs = read_pairs(request.pairs)
        return Design(treated=tuple(pair.treated for pair in pairs), pairs=pairs)
    if request.design is not None:
        return read_design(request.design)
    treated = request.treated or tuple(geo for cell in request.cells for geo in cell.geos)
    return Design(treated=treated, cells=request.cells)


def _refuse_no_page(html: Path | None) -> None:
    from api.services.write_page import refuse_no_folder

    if html is not None:
        refuse_no_folder(html)


def _write_page(html: Path | None, result: GeoTestResult, settings: AnalysisSettings, read: ReadPanel) -> None:
    if html is None:
        return
    from api.services.write_page import write_whole
    from api.web.geo_page import GeoPage, render_geo_test
    from measurement.panel import panel_hash

    write_whole(html, render_geo_test(GeoPage(result, settings, panel_hash(read.panel))))


def read_with_spend(panel: Path, panel_map: Path | None, wanted: str | None) -> tuple[ReadPanel, str | None]:
    """The panel, and the channel that `wanted` names: by itself, by its column, or as a column not yet in use."""
    from measurement.panel_map import ChannelMap, PanelMap, read_panel_map
    from measurement.reading import Purpose, read_panel

    given = read_panel_map(panel_map) if panel_map else None
    read = read_panel(panel, panel_map=given, purpose=Purpose.GEO_TEST)
    if wanted is None or wanted in read.panel.channel_names:
        return read, wanted
    of_column = {channel.spend: channel.name for channel in given.channels} if given else {}
    of_column |= {f"{name}_spend": name for name in read.panel.channel_names}
    if wanted in of_column:
        return read, of_column[wanted]
    known = given or PanelMap()
    wider = replace(known, channels=(*known.channels, ChannelMap(wanted, wanted)), source="--spend")
    return read_panel(panel, panel_map=wider, purpose=Purpose.GEO_TEST), wanted

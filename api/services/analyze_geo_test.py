"""A panel's file and a finished geo test in, its analysis out, and one HTML page where asked for."""

from dataclasses import dataclass, replace
from pathlib import Path

from measurement.geotest.result import GeoTestResult
from measurement.geotest.specification import AnalysisSettings, GeoTest, Window
from measurement.reading import ReadPanel


@dataclass(frozen=True)
class AnalysisRequest:
    """What to analyse; `panel_map`, `pairs`, `design` and `html` are files or None, `spend` a channel or a column."""

    panel: Path
    window: Window
    treated: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    pairs: Path | None = None
    design: Path | None = None
    panel_map: Path | None = None
    outcome: str | None = None
    spend: str | None = None
    html: Path | None = None


def analyze_file(request: AnalysisRequest, settings: AnalysisSettings) -> GeoTestResult:
    """Read, analyse, write the page. Raises BadInput; a page is written only when it is complete."""
    from api.services.read_design import DesignedTest, read_design
    from api.services.write_page import refuse_no_folder, write_whole
    from measurement.geotest.analysis import analyze_geo_test
    from measurement.geotest.pairs import read_pairs

    if request.html is not None:
        refuse_no_folder(request.html)
    read, spend = _read(request)
    pairs = read_pairs(request.pairs) if request.pairs else ()
    designed = read_design(request.design) if request.design else DesignedTest(request.treated)
    test = GeoTest(
        window=request.window,
        treated=tuple(pair.treated for pair in pairs) or designed.treated,
        excluded=tuple(dict.fromkeys((*request.excluded, *designed.set_apart))),
        pairs=pairs,
        outcome=request.outcome,
        spend=spend,
        blocks=designed.blocks,
    )
    result = analyze_geo_test(read, test, settings)
    if request.html is not None:
        from api.web.geo_page import GeoPage, render_geo_test
        from measurement.panel import panel_hash

        page = GeoPage(result, settings, panel_hash(read.panel))
        write_whole(request.html, render_geo_test(page))
    return result


def _read(request: AnalysisRequest) -> tuple[ReadPanel, str | None]:
    """The panel, and the channel that `spend` names: by itself, by its column, or as a column not yet in use."""
    from measurement.panel_map import ChannelMap, PanelMap, read_panel_map
    from measurement.reading import Purpose, read_panel

    given = read_panel_map(request.panel_map) if request.panel_map else None
    read = read_panel(request.panel, panel_map=given, purpose=Purpose.GEO_TEST)
    wanted = request.spend
    if wanted is None or wanted in read.panel.channel_names:
        return read, wanted
    of_column = {channel.spend: channel.name for channel in given.channels} if given else {}
    of_column |= {f"{name}_spend": name for name in read.panel.channel_names}
    if wanted in of_column:
        return read, of_column[wanted]
    known = given or PanelMap()
    channel = ChannelMap(wanted, wanted)
    wider = replace(known, channels=(*known.channels, channel), source="--spend")
    return read_panel(request.panel, panel_map=wider, purpose=Purpose.GEO_TEST), wanted

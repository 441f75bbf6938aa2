"""A panel's file of units, substitutes and perhaps a finished test in, what spilled over between units out."""

from dataclasses import dataclass
from pathlib import Path

from measurement.geotest.specification import AnalysisSettings, GeoTest
from measurement.geotest.spillover_check import SpilloverAnswer


@dataclass(frozen=True)
class SpilloverRequest:
    """What to check; `substitutes` and `panel_map` are files or None, `test` a finished test or None."""

    panel: Path
    channel: str
    test: GeoTest | None = None
    substitutes: Path | None = None
    panel_map: Path | None = None


def check_spillover_file(request: SpilloverRequest, settings: AnalysisSettings) -> SpilloverAnswer:
    """Read and check. Raises BadInput."""
    from measurement.geotest.spillover_check import check_spillover
    from measurement.geotest.substitutes import read_substitutes
    from measurement.panel_map import read_panel_map
    from measurement.reading import Purpose, read_panel

    given = read_panel_map(request.panel_map) if request.panel_map else None
    read = read_panel(request.panel, panel_map=given, purpose=Purpose.GEO_TEST)
    neighbours = read_substitutes(request.substitutes, read.panel.geos) if request.substitutes else None
    return check_spillover(read, request.channel, request.test, neighbours, settings)

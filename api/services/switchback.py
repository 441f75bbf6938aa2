"""A panel's file and a switchback in, its design or analysis out, with the schedule or the page on disk."""

from dataclasses import dataclass
from pathlib import Path

from measurement.geotest.specification import AnalysisSettings
from measurement.geotest.switchback_question import SwitchbackAnswer, SwitchbackQuestion
from measurement.geotest.switchback_result import SwitchbackResult
from measurement.reading import ReadPanel


@dataclass(frozen=True)
class SwitchbackRequest:
    """What to analyse; `panel_map` and `html` are files or None."""

    panel: Path
    schedule: Path
    channel: str
    outcome: str | None = None
    panel_map: Path | None = None
    html: Path | None = None


def design_switchback_file(
    panel: Path, panel_map: Path | None, question: SwitchbackQuestion, out: Path | None
) -> SwitchbackAnswer:
    """Read, design, write the schedule where one came out. Raises BadInput; a refused design is not written."""
    from api.services.write_page import refuse_no_folder, write_whole
    from measurement.geotest.switchback_design import design_switchback
    from measurement.geotest.switchback_file import schedule_text

    if out is not None:
        refuse_no_folder(out)
    answer = design_switchback(_read(panel, panel_map), question)
    if out is not None and answer.design is not None and answer.refused_because is None:
        design = answer.design
        write_whole(out, schedule_text(design.schedule, design.planned_spend_per_day, question.seed))
    return answer


def analyze_switchback_file(request: SwitchbackRequest, settings: AnalysisSettings) -> SwitchbackResult:
    """Read, analyse, write the page. Raises BadInput; a page is written only when it is complete."""
    from api.services.write_page import refuse_no_folder, write_whole
    from measurement.geotest.switchback_analysis import analyze_switchback
    from measurement.geotest.switchback_file import read_schedule

    if request.html is not None:
        refuse_no_folder(request.html)
    schedule = read_schedule(request.schedule)
    read = _read(request.panel, request.panel_map)
    result = analyze_switchback(read, schedule, request.channel, request.outcome, settings)
    if request.html is not None:
        from api.web.switchback_page import render_switchback
        from measurement.panel import panel_hash

        write_whole(request.html, render_switchback(result, settings, panel_hash(read.panel)))
    return result


def _read(panel: Path, panel_map: Path | None) -> ReadPanel:
    from measurement.panel_map import read_panel_map
    from measurement.reading import Purpose, read_panel

    given = read_panel_map(panel_map) if panel_map else None
    return read_panel(panel, panel_map=given, purpose=Purpose.GEO_TEST)

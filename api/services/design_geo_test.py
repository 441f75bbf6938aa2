"""A panel's file and a question in, designs of a geo test out, and the spend plan and the page where asked for."""

import csv
import io
from dataclasses import dataclass, replace
from pathlib import Path

from measurement.errors import GeoTestError
from measurement.geotest.design_answer import DesignAnswer, GeoTestDesign
from measurement.geotest.design_question import DesignQuestion
from measurement.reading import ReadPanel


@dataclass(frozen=True)
class DesignRequest:
    """What to design and for which lengths in weeks; all else are files or None."""

    panel: Path
    question: DesignQuestion
    weeks: tuple[int, ...]
    panel_map: Path | None = None
    eligibility: Path | None = None
    adjacent: Path | None = None
    plan_csv: Path | None = None
    html: Path | None = None


def design_file(request: DesignRequest) -> DesignAnswer:
    """Read the panel for a geo test and design on it. Raises BadInput; files are written only when complete."""
    from api.services.write_page import refuse_no_folder, write_whole
    from measurement.geotest.design import design_geo_test
    from measurement.panel_map import read_panel_map
    from measurement.reading import Purpose, read_panel

    if request.plan_csv is not None and request.question.channel is None:
        raise GeoTestError("a spend plan is of a channel: name it with --channel, or leave --plan-csv out")
    for path in (request.plan_csv, request.html):
        if path is not None:
            refuse_no_folder(path)
    given = read_panel_map(request.panel_map) if request.panel_map else None
    read = read_panel(request.panel, panel_map=given, purpose=Purpose.GEO_TEST)
    answer = design_geo_test(read, _asked(request, read), request.weeks)
    if request.plan_csv is not None and answer.recommended is not None:
        write_whole(request.plan_csv, spend_plan_csv(answer.recommended))
    if request.html is not None:
        from api.web.design_page import render_design

        write_whole(request.html, render_design(answer, read.panel))
    return answer


def spend_plan_csv(design: GeoTestDesign) -> str:
    """The spend plan as CSV: geo, week counted from 1, usual and planned spend."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("geo", "week", "usual", "planned"))
    writer.writerows((row.geo, row.week, f"{row.usual:.2f}", f"{row.planned:.2f}") for row in design.money.plan)
    return text.getvalue()


def _asked(request: DesignRequest, read: ReadPanel) -> DesignQuestion:
    """The question with what the files say of geos."""
    from measurement.geotest.eligibility import narrowed, read_eligibility, read_neighbours

    question = request.question
    if request.eligibility is not None:
        question = narrowed(question, read_eligibility(request.eligibility, read), request.eligibility)
    if request.adjacent is not None:
        question = replace(question, adjacent=read_neighbours(request.adjacent, read))
    return question

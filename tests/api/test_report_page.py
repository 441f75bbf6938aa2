"""The HTML page: one file, nothing from elsewhere, everything a buyer asks about in it, nothing unescaped."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from api.web.report_page import ReportPage, render_report
from api.web.time_plots import stack_colours
from measurement.curves import ResponseCurves
from measurement.fitted import FittedModel, WeeklyContributions
from measurement.interval import summarise
from measurement.report import LearntTest

VOID = {"meta", "link", "br", "img", "path", "use", "rect", "circle", "line", "stop", "image"}


class Checked(HTMLParser):
    """Collects ids and addresses, and holds that tags close in the order they were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "xlink:href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(model: FittedModel, weekly: WeeklyContributions, curves: ResponseCurves, plan_json: dict[str, Any]) -> str:
    return render_report(ReportPage(model, weekly, curves, plan_json))


def checked(page: str) -> Checked:
    parser = Checked()
    parser.feed(page)
    return parser


def test_it_is_one_whole_file_with_nothing_from_elsewhere(page: str) -> None:
    parser = checked(page)
    assert parser.open == []
    assert "script" not in parser.tags
    assert "link" not in parser.tags
    assert all(address.startswith("#") for address in parser.addresses)
    assert not re.search(r"url\((?!#)", page)


def test_every_reference_inside_a_plot_finds_its_target_once(page: str) -> None:
    ids = checked(page).ids
    assert len(ids) == len(set(ids))
    targets = re.findall(r'href="#([^"]+)"', page) + re.findall(r"url\(#([^)]+)\)", page)
    assert targets
    assert set(targets) <= set(ids)


def test_every_plot_has_words_that_stand_for_it(page: str, model: FittedModel) -> None:
    alts = re.findall(r'role="img" aria-label="([^"]+)"', page)
    assert len(alts) == page.count("<svg ") == 6 + len(model.panel.channels)
    assert any("amazon 2.31 (1.9" in alt for alt in alts)


def test_it_tells_status_verdicts_reasons_diagnostics_and_provenance(page: str, model: FittedModel) -> None:
    for entry in model.report.channels:
        assert entry.reason in page
    assert "accepted, with warnings" in page
    assert "r-hat 1.004" in page
    assert model.provenance.data_hash in page
    assert "pymc 5.28.5" in page
    assert "iroas_median" in page
    assert "$1,570,668" in page


def test_the_plan_is_marked_only_where_there_is_one(
    page: str, model: FittedModel, weekly: WeeklyContributions, curves: ResponseCurves
) -> None:
    without = render_report(ReportPage(model, weekly, curves))
    assert "The plan: $" in page
    assert "The plan: $" not in without
    assert "the plan&#39;s $" in page
    assert "the plan&#39;s $" not in without


def test_names_from_the_data_cannot_become_markup(
    model: FittedModel, weekly: WeeklyContributions, curves: ResponseCurves
) -> None:
    evil = "<script>alert(1)</script>"
    entries = (replace(model.report.channels[0], channel=evil, reason=evil), *model.report.channels[1:])
    tampered = replace(model, report=replace(model.report, channels=entries), warnings=(evil,))
    names = (evil, *curves.channels[1:])
    page = render_report(ReportPage(tampered, replace(weekly, channels=names), replace(curves, channels=names)))
    assert "<script" not in page
    assert "&lt;script" in page


def test_same_results_same_page(model: FittedModel, weekly: WeeklyContributions, curves: ResponseCurves) -> None:
    assert render_report(ReportPage(model, weekly, curves)) == render_report(ReportPage(model, weekly, curves))


def test_more_channels_than_colours_share_a_last_layer(weekly: WeeklyContributions) -> None:
    many = replace(
        weekly, channels=tuple(f"c{i}" for i in range(12)), mean=np.arange(12.0) * np.ones((len(weekly.dates), 1))
    )
    layers = stack_colours(many)
    assert [label for label, _ in layers] == [*(f"c{i}" for i in range(4, 12)), "4 smaller channels"]
    assert len({colour for _, colour in layers}) == len(layers)


def test_finished_tests_stand_beside_what_the_model_expected(
    model: FittedModel, weekly: WeeklyContributions, curves: ResponseCurves, page: str
) -> None:
    channel = curves.channels[0]
    expected = summarise(np.array([900.0, 1000.0, 1100.0]))
    test = LearntTest("spring <holdout>", (channel,), 5e6, 1e6, 2e6, expected, expected, True, "Too far apart.")
    iroas = tuple(summarise(np.array([7.0, 8.25, 9.5])) for _ in curves.channels)
    report = replace(model.report, experiments=(test,), iroas_before_experiments=iroas)
    learnt = render_report(ReportPage(replace(model, report=report), weekly, curves))
    assert checked(learnt).open == []
    section = learnt[learnt.index("What finished tests changed") : learnt.index("Where sales came from")]
    assert "spring &lt;holdout&gt;" in section
    assert "5.00M" in section
    assert "2.00M" in section
    assert section.count("8.25") == len(curves.channels)
    assert "Too far apart." in section
    assert "What finished tests changed" not in page

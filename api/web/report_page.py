"""A fitted model's results in, one self-contained HTML page out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.formats import compact_money, money, number, percent
from api.plain_json import as_text, plain
from api.report_json import report_json
from api.web.channel_plots import CurveMarks, curve_plot, iroas_plot
from api.web.drawing import BASELINE, Size
from api.web.page_tables import channel_rows, claim_rows, plan_section, tests_section
from api.web.templating import PicturePair, render
from api.web.time_plots import contribution_plot, fit_plot, stack_colours
from api.wording import diagnostics_in_words, headline, status_in_words, window_in_words
from measurement.curves import ResponseCurves
from measurement.fitted import FittedModel, Provenance, WeeklyContributions

_WIDE, _NARROW = 980, 400
_CURVE = Size(310, 220)


@dataclass(frozen=True)
class ReportPage:
    """What a page shows; `plan` is the JSON of `rmo plan`, or None."""

    model: FittedModel
    weekly: WeeklyContributions
    curves: ResponseCurves
    plan: Mapping[str, Any] | None = None


def render_report(page: ReportPage) -> str:
    """The page as text."""
    report = plain(report_json(page.model))
    currency = page.model.panel.currency
    return render(
        "report.html",
        title="Incrementality report",
        report=report,
        headline=headline(report, currency),
        status_words=status_in_words(report["status"]),
        window_words=window_in_words(report["window"]),
        unit=money(1, currency) if currency else "unit",
        tiles=_tiles(report, page, currency),
        rows=channel_rows(report["channels"], currency),
        tests=tests_section(report, currency),
        claims=claim_rows(report["channels"], currency),
        diagnostics=diagnostics_in_words(report),
        warnings=page.model.warnings,
        provenance=_provenance(page.model.provenance),
        priors=as_text(page.model.provenance.priors),
        plan=plan_section(page.plan, currency) if page.plan else None,
        curve_weeks=page.curves.weeks,
        curve_cards=_curve_cards(page),
        stack_legend=_stack_legend(page.weekly),
        **_pictures(page, report["channels"], currency),
    )


def _pictures(page: ReportPage, entries: list[Mapping[str, Any]], currency: str) -> dict[str, PicturePair]:
    weekly = page.weekly
    rows = len(entries)
    return {
        "iroas": PicturePair(
            iroas_plot(entries, Size(_WIDE, 70 + 58 * rows), "iroas-wide"),
            iroas_plot(entries, Size(_NARROW, 70 + 58 * rows), "iroas-narrow"),
        ),
        "contributions": PicturePair(
            contribution_plot(weekly, currency, Size(_WIDE, 360), "weeks-wide"),
            contribution_plot(weekly, currency, Size(_NARROW, 300), "weeks-narrow"),
        ),
        "fit": PicturePair(
            fit_plot(weekly, currency, Size(_WIDE, 300), "fit-wide"),
            fit_plot(weekly, currency, Size(_NARROW, 260), "fit-narrow"),
        ),
    }


def _curve_cards(page: ReportPage) -> list[dict[str, Any]]:
    planned = {line["channel"]: line["spend"] for line in page.plan["lines"]} if page.plan else {}
    cards = []
    for index, channel in enumerate(page.curves.channels):
        marks = CurveMarks(float(page.curves.current_spend[index]), planned.get(channel))
        verdict = page.curves.verdicts[index].value
        cards.append(
            {
                "name": channel,
                "verdict": verdict,
                "verdict_words": verdict.replace("_", " "),
                "picture": curve_plot(page.curves, index, marks, _CURVE, f"curve-{index}"),
            }
        )
    return cards


def _stack_legend(weekly: WeeklyContributions) -> list[dict[str, str]]:
    return [{"label": "baseline", "colour": BASELINE}] + [
        {"label": label, "colour": colour} for label, colour in stack_colours(weekly)
    ]


def _tiles(report: Mapping[str, Any], page: ReportPage, currency: str) -> list[dict[str, str]]:
    entries = [entry for entry in report["channels"] if entry["outcome"] == report["channels"][0]["outcome"]]
    spend = sum(entry["spend"] for entry in entries)
    measured = sum(entry["verdict"] == "measured" for entry in entries)
    share = report["baseline"]["share"]
    return [
        {
            "label": "Sales brought by advertising",
            "figure": percent(1 - share) if share is not None else number(None),
            "note": f"the other {percent(share)} would have come anyway",
        },
        {
            "label": "Incremental sales",
            "figure": compact_money(sum(entry["incremental"]["mean"] for entry in entries), currency),
            "note": "all channels, best estimate",
        },
        {"label": "Spend", "figure": compact_money(spend, currency), "note": f"{money(spend, currency)} in the window"},
        {
            "label": "Channels measured",
            "figure": f"{measured} of {len(entries)}",
            "note": "the others are weak or not measurable",
        },
    ]


def _provenance(provenance: Provenance) -> list[tuple[str, str]]:
    versions = ", ".join(f"{name} {version}" for name, version in provenance.versions.items())
    return [
        ("Model", provenance.model_id),
        ("Data, SHA-256", provenance.data_hash),
        ("Seed", str(provenance.seed)),
        ("Experiments", ", ".join(provenance.experiments) or "none"),
        ("Versions", versions),
    ]

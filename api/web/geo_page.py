"""A geo test's result in, one self-contained HTML page out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.formats import compact_money, number, percent, signed_percent
from api.geo_wording import difference_rows, effect_rows, estimator_name, fit_in_words, placebo_in_words
from api.plain_json import plain
from api.web.drawing import Size
from api.web.geo_plots import SHOWN_WEIGHTS, follow_plot, gap_plot, placebo_plot, weights_plot
from api.web.templating import PicturePair, render
from api.wording import window_in_words
from measurement.geotest.result import GeoTestResult
from measurement.geotest.specification import AnalysisSettings

_WIDE, _NARROW = 980, 400
_ROW, _AXIS = 24, 70


@dataclass(frozen=True)
class GeoPage:
    """What a page shows, the settings that were fixed before, and the data's hash."""

    result: GeoTestResult
    settings: AnalysisSettings
    data_hash: str


def render_geo_test(page: GeoPage) -> str:
    """The page as text."""
    result = page.result
    told: Mapping[str, Any] = plain(result.to_json())
    return render(
        "geo.html",
        title="Geo test",
        told=told,
        window_words=window_in_words(told["window"]),
        headline=_headline(told),
        lead=told["cells_verdict"] or told["verdict"],
        registration=told["registration"],
        cells=_cells(told, result),
        differences=difference_rows(told),
        interval=f"{percent(result.level)} interval",
        tiles=_tiles(told, result.currency),
        effects=_effects(told, result),
        estimator=estimator_name(told),
        placebo_words=placebo_in_words(told),
        fit_words=fit_in_words(told),
        shown_weights=SHOWN_WEIGHTS,
        warnings=result.warnings,
        provenance=_provenance(page),
        **_pictures(result),
    )


def _headline(told: Mapping[str, Any]) -> str:
    """The verdict's first words, where the rest follows below; else all of it."""
    verdict: str = told["cells_verdict"] or told["verdict"]
    return verdict.split(":", 1)[0].rstrip(".") if told["cells_verdict"] or told["iroas"] else verdict


def _cells(told: Mapping[str, Any], result: GeoTestResult) -> list[dict[str, Any]]:
    """Each cell with its figures and its own two plots over time."""
    return [
        {
            "name": cell.name,
            "treated": ", ".join(cell.treated),
            "verdict": shown["verdict"],
            "rows": effect_rows(shown, result.currency),
            "with_cooldown": effect_rows(shown["with_cooldown"], result.currency) if shown["with_cooldown"] else None,
            "placebo_words": placebo_in_words(shown),
            **{
                kind: PicturePair(
                    plot(cell.result, Size(_WIDE, 300), f"{kind}-{number}-wide"),
                    plot(cell.result, Size(_NARROW, 260), f"{kind}-{number}-narrow"),
                )
                for kind, plot in (("follow", follow_plot), ("gap", gap_plot))
            },
        }
        for number, (cell, shown) in enumerate(zip(result.cells, told["cells"], strict=True))
    ]


def _pictures(result: GeoTestResult) -> dict[str, PicturePair | None]:
    rows = _AXIS + _ROW * min(SHOWN_WEIGHTS, len(result.weights))
    return {
        "follow": PicturePair(
            follow_plot(result, Size(_WIDE, 340), "follow-wide"),
            follow_plot(result, Size(_NARROW, 280), "follow-narrow"),
        ),
        "gap": PicturePair(
            gap_plot(result, Size(_WIDE, 300), "gap-wide"),
            gap_plot(result, Size(_NARROW, 260), "gap-narrow"),
        ),
        "placebos": PicturePair(
            placebo_plot(result, Size(_WIDE, 260), "placebos-wide"),
            placebo_plot(result, Size(_NARROW, 240), "placebos-narrow"),
        )
        if result.placebos.p_values.size
        else None,
        "weights": PicturePair(
            weights_plot(result, Size(_WIDE, rows), "weights-wide"),
            weights_plot(result, Size(_NARROW, rows), "weights-narrow"),
        )
        if result.weights
        else None,
    }


def _tiles(told: Mapping[str, Any], currency: str) -> list[dict[str, str]]:
    rows = {row["name"]: row for row in effect_rows(told, currency)}
    returned = told["iroas"]
    record = told["placebo"]
    return [
        {
            "label": "Lift",
            "figure": signed_percent(told["percent_lift"]["estimate"], 1),
            "note": rows["lift in percent"]["interval"],
        },
        {
            "label": f"Incremental {told['outcome']}",
            "figure": compact_money(told["lift"]["estimate"], currency),
            "note": rows["lift"]["interval"],
        },
        {
            "label": "iROAS",
            "figure": number(returned["estimate"], 2) if returned else number(None),
            "note": rows["iROAS"]["interval"] if returned else "not given: see below",
        },
        {
            "label": "Placebos called an effect",
            "figure": percent(record["false_positive_rate"], 1),
            "note": f"of {record['placements']} on this panel; {percent(1 - told['level'])} are meant",
        },
    ]


def _effects(told: Mapping[str, Any], result: GeoTestResult) -> list[dict[str, Any]]:
    title = "All cells together, the test's window" if told["cells"] else "The test's window"
    shown = [{"title": title, "rows": effect_rows(told, result.currency)}]
    if told["with_cooldown"]:
        rows = effect_rows(told["with_cooldown"], result.currency)
        shown.append({"title": f"With the cooldown, to {told['window']['cooldown_end']}", "rows": rows})
    return shown


def _provenance(page: GeoPage) -> list[tuple[str, str]]:
    result, settings = page.result, page.settings
    return [
        ("Treated", ", ".join(result.treated)),
        ("Left out", ", ".join(result.left_out) or "none"),
        ("Estimator", f"{settings.estimator.value} → {result.estimator.value}"),
        ("Inference", result.inference),
        ("Level", percent(result.level)),
        ("Break-even iROAS", number(settings.break_even_iroas, 2)),
        ("Seed", str(settings.seed)),
        ("Data, SHA-256", page.data_hash),
        *([("Lock, SHA-256", result.registration.lock_hash)] if result.registration else []),
    ]

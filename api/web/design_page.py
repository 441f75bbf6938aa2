"""The answer to a question for designs in, one self-contained HTML page out."""

from collections.abc import Mapping
from typing import Any

from api.design_wording import answer_in_words, chosen_in_words, counted, record_in_words
from api.formats import compact_money, number, percent
from api.plain_json import plain
from api.web.design_plots import cell_colour, history_plot, lengths, placebo_plot, power_plot, trade_off_plot
from api.web.drawing import Size
from api.web.templating import PicturePair, render
from measurement.geotest.design_answer import DesignAnswer
from measurement.panel import Panel, panel_hash

_WIDE, _NARROW = 980, 400
_KINDS = {"holdout": "Holdout", "go_dark": "Go-dark test", "heavy_up": "Heavy-up"}


def render_design(answer: DesignAnswer, panel: Panel) -> str:
    """The page as text; after a refusal it shows the design that came closest, where there is one."""
    told: Mapping[str, Any] = plain(answer.to_json())
    best = told["designs"][0] if told["designs"] else None
    return render(
        "design.html",
        title="Design of a geo test",
        kind=_KINDS[told["question"]["kind"]],
        channel=answer.question.channel or "",
        headline=_headline(told, best),
        refused=_sentence(told["refused_because"]),
        best=best,
        sentences=answer_in_words(told),
        chosen=chosen_in_words(best) if best else "",
        record=record_in_words(best) if best else "",
        tiles=_tiles(told, best, panel.currency) if best else [],
        rows=_trade_rows(told, panel.currency),
        lengths=[(counted(weeks, "week"), cell_colour(place)) for place, weeks in enumerate(lengths(answer))],
        cells=[(", ".join(cell), cell_colour(place)) for place, cell in enumerate(best["cells"])] if best else [],
        plan=_plan_rows(best, panel.currency) if best else [],
        power=percent(answer.question.power),
        warnings=answer.warnings,
        provenance=_provenance(told, best, panel),
        **_pictures(answer, panel),
    )


def _headline(told: Mapping[str, Any], best: Mapping[str, Any] | None) -> str:
    if told["refused_because"] or best is None:
        return "No design will do"
    cells = f" in {len(best['cells'])} cells" if len(best["cells"]) > 1 else ""
    return f"Treat {counted(len(best['treated']), 'geo')}{cells} for {counted(best['weeks'], 'week')}"


def _sentence(text: str | None) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _pictures(answer: DesignAnswer, panel: Panel) -> dict[str, PicturePair | None]:
    if not answer.designs:
        return dict.fromkeys(("history", "curve", "trade", "placebos"))
    best, power = answer.designs[0], answer.question.power
    return {
        "history": PicturePair(
            history_plot(panel, answer, Size(_WIDE, 320), "history-wide"),
            history_plot(panel, answer, Size(_NARROW, 260), "history-narrow"),
        ),
        "curve": PicturePair(
            power_plot(best, power, Size(_WIDE, 300), "power-wide"),
            power_plot(best, power, Size(_NARROW, 260), "power-narrow"),
        ),
        "trade": PicturePair(
            trade_off_plot(answer, Size(_WIDE, 300), "trade-wide"),
            trade_off_plot(answer, Size(_NARROW, 260), "trade-narrow"),
        ),
        "placebos": PicturePair(
            placebo_plot(best, Size(_WIDE, 260), "placebos-wide"),
            placebo_plot(best, Size(_NARROW, 240), "placebos-narrow"),
        ),
    }


def _tiles(told: Mapping[str, Any], best: Mapping[str, Any], currency: str) -> list[dict[str, str]]:
    return [
        {
            "label": "Least effect found",
            "figure": percent(best["mde"], 1),
            "note": f"of treated sales, with power {percent(told['question']['power'])}"
            + (f"; {percent(best['mde_difference'], 1)} between cells" if best["mde_difference"] else ""),
        },
        {
            "label": "False positives",
            "figure": percent(best["size"], 1),
            "note": f"of {best['placements']} placebo tests; {percent(1 - told['question']['level'])} are meant",
        },
        {
            "label": "Cost",
            "figure": compact_money(best["cost"], currency),
            "note": f"spend changes by {compact_money(best['spend_change'], currency)}",
        },
        {
            "label": "Least iROAS found",
            "figure": number(best["detectable_iroas"], 2),
            "note": f"{percent(best['share'], 1)} of sales are treated",
        },
    ]


def _trade_rows(told: Mapping[str, Any], currency: str) -> list[dict[str, str]]:
    return [
        {
            "name": f"{counted(row['geos'], 'geo')}, {counted(row['weeks'], 'week')}",
            "mde": percent(row["mde"], 1),
            "size": percent(row["size"], 1),
            "cost": compact_money(row["cost"], currency),
            "iroas": number(row["detectable_iroas"], 2),
            "meets": "yes" if row["meets"] else "no",
        }
        for row in told["trade_off"]
    ]


def _plan_rows(best: Mapping[str, Any], currency: str) -> list[dict[str, str]]:
    return [
        {
            "geo": row["geo"],
            "week": number(row["week"]),
            "usual": compact_money(row["usual"], currency),
            "planned": compact_money(row["planned"], currency),
        }
        for row in best["spend_plan"]
    ]


def _provenance(told: Mapping[str, Any], best: Mapping[str, Any] | None, panel: Panel) -> list[tuple[str, str]]:
    question = told["question"]
    rows = [
        ("Power", percent(question["power"])),
        ("Level", percent(question["level"])),
        ("Seed", str(question["seed"])),
        ("Take no part", ", ".join(told["left_out"]) or "none"),
        ("Data, SHA-256", panel_hash(panel)),
    ]
    if best is None:
        return rows
    chosen = [("Treated geos", chosen_in_words(best)), ("Set apart", ", ".join(best["set_apart"]) or "none")]
    return [*chosen, ("Controls", ", ".join(best["control"])), *rows]

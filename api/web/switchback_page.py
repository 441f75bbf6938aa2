"""A switchback's result in, one self-contained HTML page out."""

from typing import Any

from api.formats import compact_money, number, percent, signed_percent
from api.geo_wording import placebo_in_words, switchback_rows
from api.plain_json import plain
from api.web.drawing import Size
from api.web.switchback_plots import blocks_plot, pairs_plot
from api.web.templating import PicturePair, render
from api.wording import window_in_words
from measurement.geotest.specification import AnalysisSettings
from measurement.geotest.switchback_result import SwitchbackResult

_WIDE, _NARROW = 980, 400


def render_switchback(result: SwitchbackResult, settings: AnalysisSettings, data_hash: str) -> str:
    """The page as text."""
    told: dict[str, Any] = plain(result.to_json())
    rows = switchback_rows(told)
    return render(
        "switchback.html",
        told=told,
        window_words=window_in_words(told["window"]),
        headline=told["verdict"].split(":", 1)[0].rstrip(".") if result.effect.iroas else told["verdict"],
        interval=f"{percent(result.level)} interval",
        tiles=_tiles(told, rows),
        rows=rows,
        placebo_words=placebo_in_words(told),
        check_words=_checks(told),
        provenance=[
            ("Data", data_hash[:16]),
            ("Method", told["inference"]),
            ("Break-even iROAS", number(settings.break_even_iroas, 2)),
            ("Seed", str(settings.seed)),
        ],
        blocks=PicturePair(
            blocks_plot(result, Size(_WIDE, 340), "blocks-wide"),
            blocks_plot(result, Size(_NARROW, 280), "blocks-narrow"),
        ),
        pairs=PicturePair(
            pairs_plot(result, Size(_WIDE, 260), "pairs-wide"), pairs_plot(result, Size(_NARROW, 240), "pairs-narrow")
        ),
    )


def _tiles(told: dict[str, Any], rows: list[dict[str, str]]) -> list[dict[str, str]]:
    by_name = {row["name"]: row for row in rows}
    returned = told["iroas"]
    return [
        {
            "label": "Lift while on",
            "figure": signed_percent(told["percent_lift"]["estimate"], 1),
            "note": by_name["lift in percent"]["interval"],
        },
        {
            "label": f"Incremental {told['outcome']}",
            "figure": compact_money(told["lift"]["estimate"], told["currency"]),
            "note": by_name["lift"]["interval"],
        },
        {
            "label": "iROAS",
            "figure": number(returned["estimate"], 2) if returned else number(None),
            "note": by_name["iROAS"]["interval"] if returned else "not given: see below",
        },
        {
            "label": "Pairs of blocks",
            "figure": str(told["pairs"]),
            "note": f"{told['periods_counted']} periods count, {told['periods_left_out']} are washout",
        },
    ]


def _checks(told: dict[str, Any]) -> str:
    plain_lift = told["unadjusted"]["percent_lift"]["estimate"]
    words = f"Without any adjustment the mean difference within pairs is {signed_percent(plain_lift, 1)}."
    longer = told["longer_washout"]
    if longer is None:
        return words + " The blocks are too short to try twice the washout."
    return (
        f"{words} With {longer['washout']} periods of washout the lift is "
        f"{signed_percent(longer['percent_lift']['estimate'], 1)}; were it clearly larger, effects would outlast the "
        "washout."
    )

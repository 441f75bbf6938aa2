"""The JSON of `rmo geo design` in, tables and sentences for people out."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from api.cli.output import safe, table
from api.design_wording import answer_in_words, chosen_in_words, record_in_words
from api.formats import compact, number, percent

_DESIGN_COLUMNS = ("<treated", "<chosen", "weeks", "MDE", "power", "false positives", "of sales", "cost", "fit")
_TRADE_COLUMNS = ("geos", "weeks", "MDE", "spend change", "cost", "least iROAS found", "<keeps the limits")
_PLAN_COLUMNS = ("<geo", "week", "usual", "planned")
_SHOWN_PLAN_ROWS = 24


def print_designs(console: Console, told: Mapping[str, Any]) -> None:
    """Designs, best first; sizes and lengths against each other; the spend plan; the limit that binds."""
    if told["designs"]:
        console.print(_designs(told))
        console.print(f"The first: {safe(record_in_words(told['designs'][0]))}")
        if len(told["trade_off"]) > 1:
            console.print()
            console.print(_trade_off(told))
    if told["recommended"] is not None:
        _print_recommended(console, told)
    if told["left_out"]:
        console.print(f"Take no part: {safe(', '.join(told['left_out']))}.")
    if told["refused_because"]:
        console.print(f"[bold]{safe(told['refused_because'])}[/bold]")


def _designs(told: Mapping[str, Any]) -> Table:
    several = any(len(design["cells"]) > 1 for design in told["designs"])
    made = table("Designs, best first", (*_DESIGN_COLUMNS, *(("MDE between cells",) if several else ())))
    for design in told["designs"]:
        cells = " | ".join(", ".join(cell) for cell in design["cells"])
        made.add_row(
            safe(cells),
            chosen_in_words(design),
            number(design["weeks"]),
            percent(design["mde"], 1),
            percent(design["power"]),
            percent(design["size"], 1),
            percent(design["share"], 1),
            compact(design["cost"]),
            number(design["scaled_l2"], 2),
            *((percent(design["mde_difference"], 1),) if several else ()),
        )
    return made


def _trade_off(told: Mapping[str, Any]) -> Table:
    made = table("The best of each size and length", _TRADE_COLUMNS)
    for row in told["trade_off"]:
        made.add_row(
            number(row["geos"]),
            number(row["weeks"]),
            percent(row["mde"], 1),
            compact(row["spend_change"]),
            compact(row["cost"]),
            number(row["detectable_iroas"], 2),
            "yes" if row["meets"] else "no",
        )
    return made


def _print_recommended(console: Console, told: Mapping[str, Any]) -> None:
    best = told["designs"][told["recommended"]]
    for sentence in answer_in_words(told):
        console.print(safe(sentence))
    if best["set_apart"]:
        console.print(f"Set apart, as neighbours of treated geos: {safe(', '.join(best['set_apart']))}.")
    rows = best["spend_plan"]
    if 0 < len(rows) <= _SHOWN_PLAN_ROWS:
        made = table("Spend of the channel in the treated geos, weeks counted from the start", _PLAN_COLUMNS)
        for row in rows:
            made.add_row(safe(row["geo"]), number(row["week"]), compact(row["usual"]), compact(row["planned"]))
        console.print()
        console.print(made)
    elif rows:
        console.print(f"The spend plan has {len(rows)} rows: --plan-csv FILE writes it, --json holds it.")

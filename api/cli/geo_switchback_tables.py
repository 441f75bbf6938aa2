"""A switchback's or spillover check's JSON in, tables and sentences for people out."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from api.cli.output import safe, table
from api.formats import compact, number, percent, signed_percent
from api.geo_wording import placebo_in_words, switchback_rows


def print_switchback_design(console: Console, told: Mapping[str, Any], channel: str) -> None:
    """The blocks, what the test would find, and the limit that binds."""
    design = told["design"]
    if design:
        blocks = table(f"When {safe(channel)} is on and off", ("pair", "<from", "<to", "<counted from", "<state"))
        for block in design["blocks"]:
            counted = str(block["counted_from"])
            blocks.add_row(str(block["pair"]), str(block["start"]), str(block["end"]), counted, block["state"])
        console.print(blocks)
        console.print()
        console.print(
            f"Finds an effect of {percent(design['mde'], 1)} of sales or more; power {percent(design['power'])}, false "
            f"positives {percent(design['size'], 1)} in {design['windows']} past windows, which overlap. The smallest "
            f"p-value of {design['pairs']} pairs is {number(design['smallest_p_value'], 4)}."
        )
        console.print(
            f"Spend change {compact(design['spend_change'])}, cost {compact(design['cost'])}, planned spend per day "
            f"while on {compact(design['planned_spend_per_day'])}."
        )
        shares = ", ".join(
            f"{number(one['half_life'], 1)}: {percent(one['share_found'])}" for one in design["carry_over"]
        )
        console.print(f"Share of an effect that is found, by the half-life of its carry-over in periods: {shares}.")
    if told["refused_because"]:
        console.print(f"[bold]{safe(told['refused_because'])}[/bold]")


def print_switchback(console: Console, told: Mapping[str, Any]) -> None:
    """Verdict, figures, checks and placebo record."""
    console.print(f"[bold]{safe(told['verdict'])}[/bold]")
    console.print()
    window, interval = told["window"], f"{percent(told['level'])} interval"
    figures = table(f"On against off, {window['start']} to {window['end']}", ("<", "estimate", interval))
    for row in switchback_rows(told):
        figures.add_row(row["name"], row["estimate"], row["interval"])
    console.print(figures)
    if told["iroas_refused_because"]:
        console.print(f"No iROAS: {safe(told['iroas_refused_because'])}.")
    console.print()
    console.print(
        f"{safe(told['inference']).capitalize()}; {told['periods_counted']} periods count, {told['periods_left_out']} "
        "are left out as washout."
    )
    plain = told["unadjusted"]["percent_lift"]["estimate"]
    console.print(f"The plain difference within pairs is {signed_percent(plain, 1)}.")
    console.print(safe(placebo_in_words(told)))


def print_spillover(console: Console, told: Mapping[str, Any]) -> None:
    """Verdict and the clearest cross effects."""
    console.print(f"[bold]{safe(told['verdict'])}[/bold]")
    effects = told["before"]["effects"]
    if effects:
        console.print()
        interval = f"{percent(told['before']['level'])} interval of all"
        made = table(f"Clearest of {told['before']['looked_at']}", ("<sales of", "<spend of", "effect", interval))
        for one in effects:
            ends = (signed_percent(one["effect"][end], 1) for end in ("low", "high"))
            made.add_row(
                safe(one["unit"]), safe(one["source"]), signed_percent(one["effect"]["estimate"], 1), " to ".join(ends)
            )
        console.print(made)
    if told["drop_as_controls"]:
        console.print(f"Drop as controls: {safe(', '.join(told['drop_as_controls']))}.")

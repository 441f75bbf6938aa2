"""A plan's JSON in, tables and sentences for people out."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from api.cli.output import safe, table
from api.formats import between, compact_between, compact_money, money, number, signed_percent
from api.wording import gain_in_words, line_note, plan_status_in_words, regret_in_words, sentences

_COLUMNS = (
    "<channel",
    "today",
    "plan",
    "change",
    "incremental",
    "90 % interval",
    "iROAS",
    "90 % interval",
    "marginal",
    "<note",
)

_GEO_LINES = 10


def print_plan(console: Console, plan: Mapping[str, Any], currency: str) -> None:
    """Status, lines, totals, binding rules, conflicts, other budgets, another plan, and the advice."""
    console.print(
        f"[bold]{plan_status_in_words(plan)}[/bold], {money(plan['budget'], currency)} in {plan['weeks']} weeks"
    )
    if plan["lines"]:
        console.print()
        console.print(_lines(plan, currency))
        console.print()
        console.print(gain_in_words(plan, currency))
    if plan.get("flighting"):
        console.print(safe(f"Week 1 starts {plan['flighting']['starts']}. {plan['flighting']['reason']}"))
    if plan["total"]["unspent"] and plan["lines"]:
        console.print(f"Left unspent: {money(plan['total']['unspent'], currency)}.")
    if plan["total"]["expected_regret"] is not None:
        console.print(regret_in_words(plan, currency))
    for rule in plan["binding"]:
        console.print(f"Binding: {safe(str(rule['words']))}")
    for conflict in plan["conflicts"]:
        console.print(f"Cannot hold together: {safe('; '.join(map(str, conflict['rules'])))}.")
    for note in plan["notes"]:
        console.print(f"Note: {safe(note)}")
    if "frontier" in plan:
        console.print()
        console.print(_frontier(plan["frontier"], currency))
    if "against" in plan:
        console.print()
        console.print(_against(plan["against"], currency))
    if "geos" in plan:
        console.print()
        console.print(_geos(plan["geos"], currency))
    asides = [plan[key]["advice"] for key in ("frontier", "against", "geos") if key in plan]
    for sentence in [*sentences(plan["advice"]), *filter(None, asides)]:
        console.print(f"→ {safe(sentence)}")


def _lines(plan: Mapping[str, Any], currency: str) -> Table:
    made = table("Budget plan", _COLUMNS)
    for line in plan["lines"]:
        made.add_row(
            safe(line["channel"]),
            money(line["current_spend"], currency),
            money(line["spend"], currency),
            signed_percent(line["change"]),
            compact_money(line["incremental"]["mean"], currency),
            compact_between(line["incremental"]),
            number(line["iroas"]["mean"], 2),
            between(line["iroas"]),
            number(line["marginal_iroas"]["mean"], 2),
            line_note(line),
        )
    total = plan["total"]
    made.add_row(
        "[bold]total[/bold]",
        money(sum(line["current_spend"] for line in plan["lines"]), currency),
        money(total["spend"], currency),
        "",
        compact_money(total["incremental"]["mean"], currency),
        compact_between(total["incremental"]),
    )
    return made


def _frontier(frontier: Mapping[str, Any], currency: str) -> Table:
    made = table("What other budgets return", ("budget", "spent", "incremental", "90 % interval", "iROAS", "next unit"))
    for point in frontier["points"]:
        if point["incremental"] is None:
            made.add_row(money(point["budget"], currency), "no plan keeps the rules")
            continue
        made.add_row(
            money(point["budget"], currency),
            money(point["spend"], currency),
            compact_money(point["incremental"]["mean"], currency),
            compact_between(point["incremental"]),
            number(point["iroas"], 2),
            number(point["marginal_iroas"], 2),
        )
    return made


def _against(comparison: Mapping[str, Any], currency: str) -> Table:
    made = table("Against the other plan", ("<channel", "this plan", "other plan", "sells more", "90 % interval"))
    total = {"channel": "total"} | {key: comparison[key] for key in ("spend", "other_spend", "gain")}
    for line in [*comparison["lines"], total]:
        made.add_row(
            safe(line["channel"]),
            money(line["spend"], currency),
            money(line["other_spend"], currency),
            compact_money(line["gain"]["mean"], currency),
            compact_between(line["gain"]),
        )
    return made


def _geos(geos: Mapping[str, Any], currency: str) -> Table:
    """The lines that move most; the rest stands in the JSON."""
    made = table("Spread over geos, largest moves", ("<channel", "<geo", "today's share", "plan", "change"))
    moved = sorted(geos["lines"], key=lambda line: -abs(line["spend"] - line["todays_share"]))
    for line in moved[:_GEO_LINES]:
        made.add_row(
            safe(line["channel"]),
            safe(line["geo"]),
            money(line["todays_share"], currency),
            money(line["spend"], currency),
            signed_percent(line["change"]),
        )
    return made

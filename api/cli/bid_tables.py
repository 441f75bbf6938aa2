"""The JSON of runs of bids in, tables and sentences for people out."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from api.cli.output import safe, table
from api.formats import between, money, number

_CHANGES = ("<entity", "<kind", "old", "new", "clicks", "90 % interval", "cost", "incremental", "90 % interval", "<why")
SHOWN = 20


def print_run(console: Console, run: Mapping[str, Any], currency: str) -> None:
    """Alerts, changes, what is held and why, totals, and what to do next."""
    for alert in run["alerts"]:
        console.print(f"[yellow]![/yellow] {safe(alert['message'])}")
    counts = run["counts"]
    console.print(
        f"[bold]Run {run['run']}[/bold] for {run['day']}: {counts['changes']:,} changes, {counts['held']:,} held"
    )
    kinds = [f"{count:,} {name.replace('_', ' ')}" for name, count in run["changes_by_kind"].items() if count]
    if len(kinds) > 1:
        console.print("Changes of " + ", ".join(kinds))
    if run["changes"]:
        made = table("Changes", _CHANGES)
        for change in run["changes"][:SHOWN]:
            made.add_row(*_cells(change))
        console.print(made)
        if counts["changes"] > SHOWN:
            console.print(f"… and {counts['changes'] - SHOWN:,} more: --json shows all")
    for held in run["held_by_code"]:
        console.print(f"Held: {held['count']:,} × {safe(held['example'])}")
    if run["rejected_rows"]:
        first = run["rejected_rows"][0]
        count = len(run["rejected_rows"])
        console.print(
            f"{count:,} rows left out, the first: {safe(first['file'])} row {first['row']}: {safe(first['reason'])}"
        )
    _print_totals(console, run, currency)


def _print_totals(console: Console, run: Mapping[str, Any], currency: str) -> None:
    totals = run["totals"]
    before, after = (money(totals[f"cost_{when}"], currency, 2) for when in ("before", "after"))
    sold, sells = (money(totals[f"incremental_sales_{when}"], currency, 2) for when in ("before", "after"))
    console.print(f"Expected per day: cost {before} → {after}, incremental sales {sold} → {sells}")
    for channel, price in run["shadow_price"].items():
        console.print(f"{safe(channel)}: the next unit of budget earns {number(price, 2)}")
    for note in run["notes"]:
        console.print(f"Note: {safe(note)}")
    for reason in run["approval_reasons"]:
        console.print(f"Needs approval: {safe(reason)}")
    if run["changes"]:
        first = f"rmo bids approve {run['run']} --by NAME, then " if run["needs_approval"] else ""
        console.print(f"→ {first}rmo bids apply {run['run']} --out FOLDER")


def _cells(change: Mapping[str, Any]) -> tuple[str, ...]:
    expected = change["expected"]
    known = expected["clicks"]["mean"] is not None and expected["clicks"]["mean"] == expected["clicks"]["mean"]
    numbers = (
        (
            number(expected["clicks"]["mean"], 1),
            between(expected["clicks"], 1),
            number(expected["cost"]["mean"], 2),
            number(expected["incremental_sales"]["mean"], 2),
            between(expected["incremental_sales"], 2),
        )
        if known
        else ("",) * 5
    )
    return (safe(change["entity"]), change["kind"], change["old"], change["new"], *numbers, safe(change["reason"]))


def print_ledger(console: Console, ledger: Mapping[str, Any]) -> None:
    """One line per entry."""
    made = table("Ledger", ("#", "<at", "<what", "<run", "<detail"))
    for entry in ledger["entries"]:
        content = entry["content"]
        detail = ", ".join(f"{key} {value}" for key, value in content.items() if key not in ("run", "items") and value)
        made.add_row(str(entry["seq"]), entry["at"], entry["kind"], safe(str(content.get("run", ""))), safe(detail))
    console.print(made)
    for kill in ledger["stopped"]:
        console.print(
            f"[red]Stopped[/red]: {safe(kill['scope'])} {safe(kill['name'])} {safe(kill['by'])} {safe(kill['why'])}"
        )
    if ledger["unfinished_line"]:
        console.print(
            "The last line is unfinished: whoever wrote it was stopped. The next entry sets it aside and notes it."
        )


def print_written(console: Console, done: Mapping[str, Any]) -> None:
    """What was written, what failed, what is stopped."""
    if done["refused_because"]:
        console.print(f"[red]Refused[/red]: {safe(done['refused_because'])}")
        return
    console.print(f"Run {done['run']}: {done['written']:,} written, {done['settled_before']:,} before")
    for file in done["files"]:
        console.print(f"→ upload {safe(file)}")
    if done["stopped"]:
        console.print(f"{done['stopped']:,} kept back by a kill switch")
    for entity, why in list(done["failed"].items())[:SHOWN]:
        console.print(f"Not written: {safe(entity)}: {safe(why)}")


def print_rolled_back(console: Console, done: Mapping[str, Any]) -> None:
    """What was put back and what stays."""
    console.print(f"Run {done['run']}: {done['restored']:,} put back")
    for file in done["files"]:
        console.print(f"→ upload {safe(file)}")
    for entity, why in list(done["left"].items())[:SHOWN]:
        console.print(f"Stays: {safe(entity)}: {safe(why)}")
    if len(done["left"]) > SHOWN:
        console.print(f"… and {len(done['left']) - SHOWN:,} more: --json shows all")

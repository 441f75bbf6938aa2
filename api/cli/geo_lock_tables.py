"""A lock's, a log's or a watched test's JSON in, tables and sentences for people out."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from api.cli.output import safe, table
from api.formats import compact_money, number, percent, signed_percent

_SHOWN = 12


def print_lock(console: Console, told: Mapping[str, Any]) -> None:
    """What was fixed, and the hash to keep elsewhere."""
    window = told["window"]
    cooldown = f", cooldown to {window['cooldown_end']}" if window["cooldown_end"] else ""
    console.print(f"[bold]{safe(told['name'])} is locked in {safe(told['lock'])}[/bold]")
    made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    rows = [
        ("test", f"{window['start']} to {window['end']}{cooldown}"),
        *((f"cell {cell['name']}", _names(cell["geos"])) for cell in told["cells"]),
        ("treated", _names(told["treated"])),
        ("controls", f"{len(told['control'])}: {_names(told['control'])}"),
        ("set apart", _names(told["set_apart"]) or "none"),
        ("outcome, spend", f"{told['outcome'] or 'the only one, or the sum'}, {told['spend'] or 'none'}"),
        ("estimator", f"{told['estimator']}, {percent(told['level'])} intervals, seed {told['seed']}"),
        ("success", told["success"]),
        ("planned spend", _planned(told["spend_plan"])),
        ("data", f"{told['data']['first']} to {told['data']['last']}, SHA-256 {told['data']['panel_sha256'][:16]}…"),
        ("hash of the lock", told["hash"]),
    ]
    for name, value in rows:
        made.add_row(safe(name), safe(value))
    console.print(made)
    console.print(
        "Keep the hash where nobody can change it: an edited lock is refused, and a new one has another hash."
    )


def print_log(console: Console, told: Mapping[str, Any]) -> None:
    """What happened to a lock so far."""
    console.print(f"[bold]Log of {safe(told['name'])}[/bold]")
    for entry in told["log"]:
        about = f": {entry['geo']}, {entry['reason']}" if entry["event"] == "excluded" else ""
        console.print(f"{entry['at'][:19]}  {entry['event']}{safe(about)}")


def print_monitor(console: Console, told: Mapping[str, Any]) -> None:
    """The verdict, then spend against plan and what else was found; no outcome."""
    if told["contaminations"]:
        console.print("[bold]Contaminated[/bold]")
        for sentence in told["contaminations"]:
            console.print(safe(f"- {sentence}"))
    else:
        console.print(f"[bold]{safe(told['verdict'])}[/bold]")
    days = told["days"]
    console.print(
        f"{safe(told['test'])} is {told['status'].replace('_', ' ')}: {days['elapsed']} days of it are in the panel, "
        f"which runs to {told['last_day']}; {days['left']} are left."
    )
    if told["delivery"]:
        console.print()
        console.print(_delivery(told))
    if told["leakage"]:
        found = told["leakage"]
        now, usual = (compact_money(found[name], told["currency"]) for name in ("now", "usual"))
        console.print(
            f"Control geos spend {now} a period on {safe(told['spend'])}, usually {usual} "
            f"({signed_percent(found['change'], 1)}; worth a word from {percent(found['notable'])})."
        )
    for geo, missing in told["missing"].items():
        console.print(safe(f"Missing: {geo}, {_names(missing)}."))
    for sentence in told["restated"]:
        console.print(safe(f"Changed since the lock: {sentence}."))
    console.print("The outcome is not shown while a test is watched.")


def _delivery(told: Mapping[str, Any]) -> Table:
    made = table(f"{told['spend']} so far", ("<treated geo", "planned", "delivered", "of plan", "usual", "<"))
    for row in told["delivery"]:
        made.add_row(
            safe(row["geo"]),
            compact_money(row["planned"], told["currency"]) if row["planned"] is not None else number(None),
            compact_money(row["delivered"], told["currency"]),
            percent(row["share_of_plan"]) if row["share_of_plan"] is not None else number(None),
            compact_money(row["usual"], told["currency"]),
            "off plan" if row["off_plan"] else "",
        )
    return made


def _planned(rows: list[Mapping[str, Any]]) -> str:
    if not rows:
        return "none"
    weeks = len({row["week"] for row in rows})
    return f"{sum(row['planned'] for row in rows):,.0f} in {weeks} week{'' if weeks == 1 else 's'}"


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"

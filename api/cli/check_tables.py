"""A panel's description in, tables and sentences for people out."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from api.cli.output import safe, table
from api.formats import compact_money, money, number, percent

_COLUMNS = (
    "<channel",
    "spend",
    "of sales",
    "geos",
    "periods",
    "variation",
    "own",
    "correlation",
    "<with",
    "<outlook",
)
_STYLES = {"likely measurable": "green", "hard": "yellow", "not measurable": "red"}


def print_check(console: Console, found: Mapping[str, Any]) -> None:
    """Size, channels with their outlook and its reason, notes."""
    currency = found["currency"]
    console.print(
        f"{found['periods']:,} {_period(found)} from {found['first_date']} to {found['last_date']}, "
        f"{found['geos']:,} {'geo' if found['geos'] == 1 else 'geos'}, "
        f"sales of {compact_money(found['total_sales'], currency)}"
    )
    console.print(f"outcomes: {safe(', '.join(found['outcomes']))}")
    console.print(f"controls: {safe(', '.join(found['controls'])) or 'none'}")
    console.print()
    made = table("Channels", _COLUMNS)
    for channel in found["channels"]:
        made.add_row(
            safe(channel["channel"]),
            money(channel["spend"], currency),
            percent(channel["share_of_sales"], 1),
            percent(channel["share_of_geos_with_spend"]),
            percent(channel["share_of_periods_with_spend"]),
            number(channel["variation"], 2),
            number(channel["variation_within"], 2),
            number(channel["highest_correlation"], 2),
            safe(channel["correlated_with"]),
            _outlook(channel["outlook"]),
        )
    console.print(made)
    console.print()
    for channel in found["channels"]:
        console.print(
            f"[bold]{safe(channel['channel'])}[/bold], {_outlook(channel['outlook'])}: {safe(channel['reason'])}"
        )
    for note in found["notes"]:
        console.print(f"→ {safe(note)}")


def _period(found: Mapping[str, Any]) -> str:
    return "weeks" if found["frequency"] == "weekly" else "days"


def _outlook(outlook: str) -> str:
    style = _STYLES.get(outlook, "none")
    return f"[{style}]{outlook}[/{style}]"

"""A report's JSON in, tables and sentences for people out."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from api.cli.output import coloured_status, coloured_verdict, safe, table
from api.formats import between, compact_between, compact_money, money, number, percent, percent_between
from api.wording import diagnostics_in_words, entry_name

_COLUMNS = (
    "<channel",
    "spend",
    "incremental",
    "90 % interval",
    "iROAS",
    "90 % interval",
    "prior 90 %",
    "marginal",
    "<verdict",
)
_CLAIM_COLUMNS = (
    "<channel",
    "claimed",
    "incremental",
    "claimed ROAS",
    "iROAS",
    "share of claims",
    "90 % interval",
    "of the next sale",
    "90 % interval",
)


def print_report(console: Console, report: Mapping[str, Any], currency: str) -> None:
    """Status, channels, verdicts with their reasons, baseline and diagnostics."""
    window = report["window"]
    console.print(f"The model is {coloured_status(report['status'])}.")
    for reason in report["reasons"]:
        console.print(f"  • {safe(reason)}")
    console.print()
    console.print(_channels(report, currency, f"{window['start']} to {window['end']}"))
    console.print()
    for entry in report["channels"]:
        name = entry_name(entry, report["channels"])
        console.print(f"[bold]{safe(name)}[/bold], {coloured_verdict(entry['verdict'])}: {safe(entry['reason'])}")
    _print_claims(console, report, currency)
    _print_tests(console, report, currency)
    console.print()
    baseline = report["baseline"]
    console.print(f"{percent(baseline['share'])} of sales would have come without any advertising (the baseline).")
    for sentence in diagnostics_in_words(report):
        console.print(safe(sentence))


def _print_claims(console: Console, report: Mapping[str, Any], currency: str) -> None:
    """What platforms claim beside what is incremental, where a channel's claims are known."""
    claimed = [entry for entry in report["channels"] if entry.get("claims")]
    if not claimed:
        return
    made = table("Sales claimed by platforms, and how much of them is incremental", _CLAIM_COLUMNS)
    for entry in claimed:
        claims = entry["claims"]
        made.add_row(
            safe(entry_name(entry, report["channels"])),
            compact_money(claims["attributed"], currency),
            compact_money(claims["incremental"]["mean"], currency),
            number(claims["attributed_roas"], 2),
            number(entry["iroas"]["mean"], 2),
            percent(claims["ratio"]["mean"]),
            percent_between(claims["ratio"]),
            percent(claims["marginal_ratio"]["mean"]),
            percent_between(claims["marginal_ratio"]),
        )
    console.print()
    console.print(made)


def _print_tests(console: Console, report: Mapping[str, Any], currency: str) -> None:
    """The tests that the model learnt from, and every channel's iROAS without and with them."""
    if not report.get("experiments"):
        return
    console.print()
    made = table(
        "Finished tests", ("<test", "lift", "± se", "expected before", "90 % interval", "after", "90 % interval")
    )
    for test in report["experiments"]:
        before, after = test["expected_before"], test["expected_after"]
        made.add_row(
            safe(test["name"]),
            compact_money(test["lift"], currency),
            compact_money(test["counted_sd"], currency),
            compact_money(before["mean"], currency),
            compact_between(before),
            compact_money(after["mean"], currency),
            compact_between(after),
        )
    console.print(made)
    for test in report["experiments"]:
        console.print(safe(test["sentence"]))
    moved = table("iROAS without and with the tests", ("<channel", "without", "90 % interval", "with", "90 % interval"))
    for entry in report["channels"]:
        before = report["iroas_before_experiments"][entry["channel"]]
        after = entry["iroas"]
        row = (number(before["mean"], 2), between(before), number(after["mean"], 2), between(after))
        moved.add_row(safe(entry_name(entry, report["channels"])), *row)
    console.print(moved)


def _channels(report: Mapping[str, Any], currency: str, window: str) -> Any:
    made = table(f"Incremental sales by channel, {window}", _COLUMNS)
    for entry in report["channels"]:
        prior = entry.get("prior_iroas")
        made.add_row(
            safe(entry_name(entry, report["channels"])),
            money(entry["spend"], currency),
            compact_money(entry["incremental"]["mean"], currency),
            compact_between(entry["incremental"]),
            number(entry["iroas"]["mean"], 2),
            between(entry["iroas"]),
            between(prior) if prior else "",
            number(entry["marginal_iroas"]["mean"], 2),
            coloured_verdict(entry["verdict"]),
        )
    return made

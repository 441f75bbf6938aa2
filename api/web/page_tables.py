"""A report's or plan's JSON in, the cells of the page's tables out, already in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.formats import (
    between,
    compact_between,
    compact_money,
    money,
    number,
    percent,
    percent_between,
    signed_percent,
    words,
)
from api.wording import entry_name, gain_in_words, line_note, plan_status_in_words, sentences


def channel_rows(entries: Sequence[Mapping[str, Any]], currency: str) -> list[dict[str, str]]:
    """One row per channel and outcome."""
    return [
        {
            "name": entry_name(entry, entries),
            "spend": money(entry["spend"], currency),
            "incremental": compact_money(entry["incremental"]["mean"], currency),
            "incremental_range": compact_between(entry["incremental"]),
            "iroas": number(entry["iroas"]["mean"], 2),
            "iroas_range": between(entry["iroas"]),
            "marginal": number(entry["marginal_iroas"]["mean"], 2),
            "marginal_range": between(entry["marginal_iroas"]),
            "verdict": entry["verdict"],
            "verdict_words": words(entry["verdict"]),
            "reason": entry["reason"],
        }
        for entry in entries
    ]


def tests_section(report: Mapping[str, Any], currency: str) -> dict[str, Any] | None:
    """What finished tests changed, or None where there were none."""
    if not report.get("experiments"):
        return None
    before = report["iroas_before_experiments"]
    return {
        "rows": [_test_row(test, currency) for test in report["experiments"]],
        "moved": [
            {
                "name": entry_name(entry, report["channels"]),
                "before": number(before[entry["channel"]]["mean"], 2),
                "before_range": between(before[entry["channel"]]),
                "after": number(entry["iroas"]["mean"], 2),
                "after_range": between(entry["iroas"]),
            }
            for entry in report["channels"]
        ],
        "sentences": [test["sentence"] for test in report["experiments"]],
    }


def _test_row(test: Mapping[str, Any], currency: str) -> dict[str, str]:
    return {
        "name": test["name"],
        "lift": compact_money(test["lift"], currency),
        "sd": compact_money(test["counted_sd"], currency),
        "before": compact_money(test["expected_before"]["mean"], currency),
        "before_range": compact_between(test["expected_before"]),
        "after": compact_money(test["expected_after"]["mean"], currency),
        "after_range": compact_between(test["expected_after"]),
    }


def claim_rows(entries: Sequence[Mapping[str, Any]], currency: str) -> list[dict[str, str]]:
    """One row per channel whose platform's claims are known."""
    return [
        {
            "name": entry_name(entry, entries),
            "claimed": compact_money(entry["claims"]["attributed"], currency),
            "roas": number(entry["claims"]["attributed_roas"], 2),
            "iroas": number(entry["iroas"]["mean"], 2),
            "ratio": percent(entry["claims"]["ratio"]["mean"]),
            "ratio_range": percent_between(entry["claims"]["ratio"]),
            "marginal": percent(entry["claims"]["marginal_ratio"]["mean"]),
            "marginal_range": percent_between(entry["claims"]["marginal_ratio"]),
        }
        for entry in entries
        if entry.get("claims")
    ]


def plan_section(plan: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """What the page says about a plan."""
    return {
        "budget": money(plan["budget"], currency),
        "weeks": plan["weeks"],
        "status": plan_status_in_words(plan),
        "gain": gain_in_words(plan, currency) if plan["lines"] else "",
        "advice": sentences(plan["advice"]),
        "lines": [_plan_line(line, currency) for line in plan["lines"]],
    }


def _plan_line(line: Mapping[str, Any], currency: str) -> dict[str, str]:
    return {
        "name": line["channel"],
        "today": money(line["current_spend"], currency),
        "spend": money(line["spend"], currency),
        "change": signed_percent(line["change"]),
        "incremental": compact_money(line["incremental"]["mean"], currency),
        "incremental_range": compact_between(line["incremental"]),
        "iroas": number(line["iroas"]["mean"], 2),
        "iroas_range": between(line["iroas"]),
        "note": line_note(line),
    }

"""A report's or plan's JSON in, plain sentences out; the same words on the terminal and on the page."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from api.formats import compact_money, money, number, percent

_STATUS = {
    "accepted": "The model is accepted: its numbers can be planned with.",
    "accepted_with_warnings": "The model is accepted, with warnings that are worth reading first.",
    "refused": "The model is refused: its numbers should not be planned with.",
}
_GOOD_RHAT = 1.01
_GOOD_BULK_ESS = 400
_GOOD_TAIL_ESS = 200
_PLAN_STATUS = {
    "optimal": "Proven best",
    "feasible": "Feasible, not proven best",
    "infeasible": "No plan",
}


def status_in_words(status: str) -> str:
    """The gate's answer on the model."""
    return _STATUS[status]


def plan_status_in_words(plan: Mapping[str, Any]) -> str:
    """How good a plan is shown to be, with the gap where it says something."""
    stated = _PLAN_STATUS[plan["status"]]
    gap = plan.get("gap")
    if plan["status"] == "feasible" and gap is not None:
        return f"{stated}: at most {percent(gap, 1)} more could be had"
    return stated


def diagnostics_in_words(report: Mapping[str, Any]) -> list[str]:
    """What the sampler's diagnostics and the baseline mean, one sentence each."""
    found = report["diagnostics"]
    return [
        _chains(found["rhat_max"]),
        _draws(found["ess_bulk_min"], found["ess_tail_min"]),
        _divergences(found["divergences"]),
        _baseline(report["baseline"]["probability_negative"]),
        f"The fit took {number(found['seconds'])} seconds.",
    ]


def headline(report: Mapping[str, Any], currency: str) -> str:
    """The one finding a page opens with."""
    if report["status"] == "refused":
        return "These data do not tell what advertising sells"
    share = report["baseline"]["share"]
    brought = f"Advertising brought {percent(1 - share)} of sales" if share is not None else "What advertising brought"
    entries = report["channels"]
    sure = [entry for entry in entries if entry["verdict"] == "measured"]
    if not sure:
        return f"{brought}, but no single channel is measured well yet"
    best = max(sure, key=lambda entry: entry["iroas"]["mean"])
    returned = f"{money(best['iroas']['mean'], currency, 2)} in sales for every {money(1, currency)} spent"
    return f"{brought}; {entry_name(best, entries)} returned most, {returned}"


def window_in_words(window: Mapping[str, str]) -> str:
    """`1 Jan 2024 to 29 Dec 2024`."""
    first, last = (date.fromisoformat(window[end]) for end in ("start", "end"))
    return f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}"


def entry_name(entry: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> str:
    """The channel's name, with the outcome where the report has several."""
    several = len({other["outcome"] for other in entries}) > 1
    return f"{entry['channel']}, {entry['outcome']}" if several else str(entry["channel"])


def line_note(line: Mapping[str, Any]) -> str:
    """What must be said about one line of a plan."""
    notes = []
    if line["held"]:
        notes.append("held: not measurable")
    if line.get("without_history"):
        notes.append("no history: as you stated it")
    elif line["extrapolated"]:
        notes.append("beyond what was ever spent")
    return ", ".join(notes)


def sentences(advice: str | Iterable[str] | None) -> list[str]:
    """Advice as a list, however it was given."""
    if not advice:
        return []
    return [advice] if isinstance(advice, str) else [str(sentence) for sentence in advice]


def gain_in_words(plan: Mapping[str, Any], currency: str) -> str:
    """What a plan adds against the same budget in today's proportions, and how likely it adds anything."""
    gain = plan["total"]["gain"]
    if gain["mean"] is None:
        return ""
    low, high = compact_money(gain["p5"], currency), compact_money(gain["p95"], currency)
    return (
        f"Gain over the same budget in today's proportions: {compact_money(gain['mean'], currency)} "
        f"(90 % interval {low} to {high})."
    )


def regret_in_words(plan: Mapping[str, Any], currency: str) -> str:
    """What not knowing the curves better costs, with this plan and with today's proportions."""
    regret, today = (plan["total"][key] for key in ("expected_regret", "expected_regret_today"))
    words = f"Not knowing the curves better costs {compact_money(regret, currency)} on average (expected regret)"
    return f"{words}; in today's proportions {compact_money(today, currency)}." if today > 0 else f"{words}."


def _chains(rhat: float | None) -> str:
    if rhat is None:
        return "Whether the chains agree could not be computed."
    if rhat < _GOOD_RHAT:
        return f"The chains agree (r-hat {number(rhat, 3)}, below {_GOOD_RHAT})."
    return f"The chains do not agree (r-hat {number(rhat, 3)}, above {_GOOD_RHAT}): another fit could say otherwise."


def _draws(bulk: float | None, tail: float | None) -> str:
    shown = f"{number(bulk)} effective draws in the bulk and {number(tail)} in the tails at the least"
    if bulk is not None and tail is not None and bulk > _GOOD_BULK_ESS and tail > _GOOD_TAIL_ESS:
        return f"There are enough independent draws for the intervals ({shown})."
    return f"There are too few independent draws to trust the intervals ({shown})."


def _divergences(count: int) -> str:
    if not count:
        return "The sampler met no divergences."
    return f"The sampler met {number(count)} divergences: parts of the posterior may be missed."


def _baseline(probability: float | None) -> str:
    if probability is not None and probability < 0.05:
        return "The baseline is positive throughout."
    return (
        f"The baseline is negative in some quarter with a probability of {percent(probability)}: too much is credited."
    )

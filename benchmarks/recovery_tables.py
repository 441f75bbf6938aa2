"""Worlds as dicts in, the Markdown of `RECOVERY.md` out: coverage, decisions, verdicts, and every miss by name."""

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

import numpy as np

from measurement.report import ModelStatus, Verdict

World = dict[str, Any]
LEVEL = 0.9


def write_tables(worlds: Sequence[World], srmse: dict[str, float] | None, machine: str) -> str:
    """All tables with a line of introduction each."""
    parts = [
        "# Recovery: does the model find the truth, do its plans bring what they claim?",
        f"`make recovery` writes this page. {machine}. {len(worlds)} simulated advertisers, each with its own seed;"
        " the fit never sees the truth. Default priors.",
        "## Truth: 90 % intervals of each channel's incremental sales, last 52 weeks",
        coverage_table(worlds),
        "Width and interval score (Gneiting and Raftery 2007; smaller is better) are per unit of money spent. The"
        " prior's score is that of answering with the prior alone. `marginal` is the coverage of the marginal iROAS.",
        "## The channels that a variant singles out",
        marked_table(worlds),
        "## Decisions: next quarter's budget, every channel within ±50 %",
        decision_table(worlds),
        "`captured` is the share of what the true optimum adds over today's split that the plan really gains; `pooled`"
        " weighs worlds by what there was to gain. A refused model has no plan: it gains and claims nothing. `as"
        " advised` goes as far as the plan's own advice does: all the way, half of it where the plan is less than 90 %"
        " sure to be better, or not at all.",
        "## Models",
        model_table(worlds),
        "Seconds may be those of a machine that did other work as well; `BENCHMARK.md` has those of a quiet one.",
        "## Every interval that missed",
        misses_table(worlds),
    ]
    if srmse is not None:
        parts += ["## `small_business`: standardised RMSE of the weekly contributions", _srmse_table(srmse)]
    return "\n\n".join(parts) + "\n"


def _rows(worlds: Sequence[World], make: Callable[[str, list[World]], str]) -> list[str]:
    kinds = list(dict.fromkeys(world["kind"] for world in worlds))
    rows = [make(kind, [world for world in worlds if world["kind"] == kind]) for kind in kinds]
    return [*rows, make("**all**", list(worlds))]


def _table(header: str, rows: list[str]) -> str:
    return "\n".join([header, "|" + "---|" * (header.count("|") - 1), *rows])


def _channels(worlds: Sequence[World]) -> list[dict[str, Any]]:
    return [channel for world in worlds for channel in world["channels"]]


def _covers(channel: dict[str, Any]) -> bool:
    return bool(channel["low"] - 1e-9 <= channel["truth"] <= channel["high"])


def _estimate(channel: dict[str, Any]) -> str:
    return f"{channel['mean']:.2f} [{channel['low']:.2f}, {channel['high']:.2f}]"


def interval_score(truth: float, low: float, high: float) -> float:
    """Width plus the penalty for a miss, at level `LEVEL`."""
    penalty = 2.0 / (1.0 - LEVEL)
    return high - low + penalty * (max(low - truth, 0.0) + max(truth - high, 0.0))


def coverage_table(worlds: Sequence[World]) -> str:
    """Coverage, width and interval score by variant."""

    def row(kind: str, chosen: list[World]) -> str:
        cases = _channels(chosen)
        score = np.mean([interval_score(c["truth"], c["low"], c["high"]) for c in cases])
        prior = np.mean([interval_score(c["truth"], c["prior_low"], c["prior_high"]) for c in cases])
        error = np.median([abs(c["mean"] - c["truth"]) / max(c["truth"], 0.3) for c in cases])
        marginal = np.mean([c["marginal_low"] <= c["true_marginal"] <= c["marginal_high"] for c in cases])
        return (
            f"| {kind} | {len(cases)} | {np.mean([_covers(c) for c in cases]):.0%} "
            f"| {np.mean([c['high'] - c['low'] for c in cases]):.2f} | {score:.2f} | {prior:.2f} | {error:.0%} "
            f"| {marginal:.0%} |"
        )

    header = "| variant | cases | covered | mean width | interval score | prior's score | median error | marginal |"
    return _table(header, _rows(worlds, row))


def marked_table(worlds: Sequence[World]) -> str:
    """The singled-out channels, one row each."""
    rows = [
        f"| {w['kind']} {w['seed']} | {c['channel']} | {c['truth']:.2f} | {_estimate(c)} | {c['verdict']} |"
        for w in worlds
        for c in w["channels"]
        if c["marked"] and w["kind"] in ("demand", "null", "constant")
    ]
    return _table("| world | channel | true iROAS | mean [5 %, 95 %] | verdict |", rows)


def decision_table(worlds: Sequence[World]) -> str:
    """What plans gained and claimed, by variant."""

    def row(kind: str, chosen: list[World]) -> str:
        attainable, gained, claimed = (
            np.array([w[key] for w in chosen]) for key in ("attainable", "gained", "claimed")
        )
        today = np.array([w["today"] for w in chosen])
        followed = np.array([w["followed"] for w in chosen])
        honest = claimed.sum() / gained.sum() - 1.0 if gained.sum() else float("nan")
        return (
            f"| {kind} | {len(chosen)} | {np.mean(attainable / today):.1%} | {np.mean(gained / attainable):.0%} "
            f"| {gained.sum() / attainable.sum():.0%} | {np.mean(gained < 0):.0%} | {np.mean(claimed / today):.1%} "
            f"| {np.mean(gained / today):.1%} | {honest:+.0%} | {np.mean(followed / attainable):.0%} "
            f"| {np.mean(followed < 0):.0%} |"
        )

    header = (
        "| variant | worlds | attainable gain | captured, mean | captured, pooled | worse than today "
        "| claimed gain | true gain | claim against truth | captured as advised | worse as advised |"
    )
    return _table(header, _rows(worlds, row))


def model_table(worlds: Sequence[World]) -> str:
    """Status, verdicts and time by variant."""

    def row(kind: str, chosen: list[World]) -> str:
        states = [w["status"] for w in chosen]
        verdicts = [c["verdict"] for c in _channels(chosen)]
        return (
            f"| {kind} | {_counts(states, ModelStatus)} | {_counts(verdicts, Verdict)} "
            f"| {np.median([w['seconds'] for w in chosen]):.0f} | {max(w['rhat'] for w in chosen):.4f} "
            f"| {min(w['ess'] for w in chosen):.0f} |"
        )

    header = (
        "| variant | accepted / with warnings / refused | measured / weak / not measurable | median s "
        "| largest r-hat | smallest ESS |"
    )
    return _table(header, _rows(worlds, row))


def _counts(values: list[str], names: type[Enum]) -> str:
    return " / ".join(str(values.count(name.value)) for name in names)


def misses_table(worlds: Sequence[World]) -> str:
    """Every channel whose interval missed."""
    rows = [
        f"| {w['kind']} {w['geos']}x{w['weeks']} {w['seed']} | {c['channel']} | {c['truth']:.2f} "
        f"| {_estimate(c)} | {c['verdict']} |"
        for w in worlds
        for c in w["channels"]
        if not _covers(c)
    ]
    return _table("| world | channel | true iROAS | mean [5 %, 95 %] | verdict |", rows)


def _srmse_table(srmse: dict[str, float]) -> str:
    rows = [f"| {name} | {value:.3f} |" for name, value in srmse.items()]
    return (
        _table("| channel | SRMSE |", rows)
        + "\n\nPublished means: PyMC-Marketing 0.15 .41, Meridian 1.1 .70. Priors suited to its ROAS of up to 32:"
        + " iROAS median 8, 95 % point 35."
    )

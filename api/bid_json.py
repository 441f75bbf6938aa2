"""A run of bids in, the keys of the public JSON out; sentences and intervals are made here, row by row."""

from typing import Any

import numpy as np

from bidding.changes import BidChange
from bidding.reasons import Changes, held_of
from bidding.run import KINDS, BidRun


def run_json(run: BidRun, most: int | None = None) -> dict[str, Any]:
    """The answer of `rmo bids propose --json`.

    Args:
        run: sealed.
        most: changes and held entries to show; None for all. Totals and counts are always of all.
    """
    changes = Changes(run)[: len(run.changes) if most is None else most]
    held = [held_of(run, row) for row in range(len(run.held) if most is None else min(most, len(run.held)))]
    return {
        "run": run.id,
        "day": str(run.day),
        "changes": [change_json(change) for change in changes],
        "held": [dict(vars(entry)) for entry in held],
        "rejected_rows": [dict(vars(row)) for row in run.rejected],
        "totals": run.totals.to_json(),
        "needs_approval": run.needs_approval,
        "approval_reasons": list(run.approval),
        "shadow_price": dict(run.shadow_price),
        "alerts": [alert.to_json() for alert in run.alerts],
        "notes": list(run.notes),
        "counts": {"changes": len(run.changes), "held": len(run.held)},
        "changes_by_kind": changes_by_kind(run),
        "held_by_code": held_by_code(run),
    }


def changes_by_kind(run: BidRun) -> dict[str, int]:
    """How many changes there are of each kind, counted in the columns."""
    counts = np.bincount(run.changes.kind, minlength=len(KINDS))
    return {kind.value: int(count) for kind, count in zip(KINDS, counts, strict=True)}


def held_by_code(run: BidRun) -> list[dict[str, Any]]:
    """How many each guardrail holds, most first, and the first sentence of each; counted in the columns."""
    _, first, counts = np.unique(run.held.guard, return_index=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    entries = [(held_of(run, int(first[place])), int(counts[place])) for place in order]
    found: dict[str, dict[str, Any]] = {}
    for entry, count in entries:
        one = found.setdefault(entry.code, {"code": entry.code, "count": 0, "example": entry.reason})
        one["count"] += count
    return list(found.values())


def change_json(change: BidChange) -> dict[str, Any]:
    """One change; `expected` is null for what has no expectation of its own."""
    expected = change.expected
    return {
        "platform": change.platform,
        "channel": change.channel,
        "entity": change.entity,
        "kind": change.kind.value,
        "old": change.old,
        "new": change.new,
        "reason": change.reason,
        "code": change.code,
        "binding": change.binding,
        "expected": {name: interval.to_json() for name, interval in vars(expected).items()},
    }

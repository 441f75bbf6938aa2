"""The part of a run that is not a column, as plain values, and back: what its hash and its `run.json` begin with."""

from collections.abc import Mapping
from dataclasses import asdict
from enum import Enum
from typing import Any

from bidding.account import Account, AccountChannel, BidLimits, Jitter
from bidding.alerts import Alert
from bidding.changes import Totals
from bidding.run import BidRun
from bidding.snapshot import Platform, RejectedRow


def header_of(run: BidRun) -> dict[str, Any]:
    """Everything but the columns and the id, in JSON's own types."""
    found: dict[str, Any] = _plain(
        {
            "day": str(run.day),
            "account": asdict(run.account),
            "channels": run.channels,
            "platforms": run.written.platforms,
            "rejected": [asdict(row) for row in run.rejected],
            "alerts": [asdict(alert) for alert in run.alerts],
            "notes": run.notes,
            "totals": run.totals.to_json(),
            "approval": run.approval,
            "shadow_price": run.shadow_price,
            "why": run.why,
            "sources": run.sources,
            "expected_cost": run.expected_cost,
            "reverses": run.reverses,
        }
    )
    return found


def account_from(content: Mapping[str, Any]) -> Account:
    """An account as `header_of` wrote it."""
    channels = tuple(
        AccountChannel(
            **dict(channel)
            | {
                "platform": Platform(channel["platform"]),
                "campaigns": tuple(channel["campaigns"]),
                "brand_terms": tuple(channel["brand_terms"]),
                "limits": BidLimits(**channel["limits"]),
                "jitter": Jitter(**channel["jitter"]),
            }
        )
        for channel in content["channels"]
    )
    return Account(**dict(content) | {"channels": channels})


def values_from(content: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `BidRun` that a header holds."""
    return {
        "account": account_from(content["account"]),
        "channels": tuple(content["channels"]),
        "rejected": tuple(RejectedRow(**row) for row in content["rejected"]),
        "alerts": tuple(Alert(**alert) for alert in content["alerts"]),
        "notes": tuple(content["notes"]),
        "totals": Totals(**content["totals"]),
        "approval": tuple(content["approval"]),
        "expected_cost": {name: (both[0], both[1]) for name, both in content["expected_cost"].items()},
        **{name: content[name] for name in ("shadow_price", "why", "sources", "reverses")},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return float(value) if isinstance(value, float) else value

"""A kill switch thrown or lifted: scope and name in, an entry of the ledger out."""

from bidding.circumstances import KillScope
from bidding.errors import BidError
from bidding.ledger import EntryKind, Ledger

_NAMED = (KillScope.CHANNEL, KillScope.CAMPAIGN)


def scope_from(text: str) -> tuple[KillScope, str]:
    """`account`, `channel:amazon` or `campaign:123` → what is meant.

    Raises:
        BidError: the scope is none of these.
    """
    kind, _, name = text.partition(":")
    known = [scope.value for scope in KillScope]
    if kind not in known:
        raise BidError(f"scope {text!r} is not known: give global, account, channel:NAME or campaign:ID")
    scope = KillScope(kind)
    if (scope in _NAMED) != bool(name):
        raise BidError(f"scope {text!r}: give {kind}:NAME" if scope in _NAMED else f"scope {text!r}: give {kind} alone")
    return scope, name


def throw(ledger: Ledger, scope: tuple[KillScope, str], by: str, why: str = "") -> None:
    """Stop what the scope names, from now on and until it is lifted."""
    _note(ledger, EntryKind.KILLED, scope, by, why)


def lift(ledger: Ledger, scope: tuple[KillScope, str], by: str, why: str = "") -> None:
    """Let it run again.

    Raises:
        BidError: it is not stopped, or a file stops it, which a person must remove.
    """
    kind, name = scope
    on = [kill for kill in ledger.kills() if (kill.scope, kill.name) == scope]
    if not on:
        raise BidError(f"{kind.value}{f':{name}' if name else ''} is not stopped: there is nothing to lift")
    if kind is not KillScope.GLOBAL and not on[0].by:
        raise BidError(f"{on[0].why} stops it: remove the file")
    _note(ledger, EntryKind.LIFTED, scope, by, why)


def _note(ledger: Ledger, kind: EntryKind, scope: tuple[KillScope, str], by: str, why: str) -> None:
    if not by.strip():
        raise BidError("a kill switch needs a person's name: --by NAME")
    ledger.append(kind, {"scope": scope[0].value, "name": scope[1], "by": by.strip(), "why": why})
    if scope[0] is KillScope.GLOBAL:
        ledger.stop_all(kind is EntryKind.KILLED, f"by {by.strip()} {why}".strip())

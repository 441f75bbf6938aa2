"""Records of switchbacks and of the check for spillover in, the page of tables out."""

from typing import Any

import numpy as np

Record = dict[str, Any]


def write_tables(stored: dict[str, Record], words: str, machine: str) -> str:
    """The page as text, cells in the order in which they were first computed."""
    parts = ["# Switchbacks and spillover, against known truth", "", words, "", f"Made with: {machine}.", ""]
    parts += ["## Interval and size", ""]
    parts += [
        "Bias is of the effect, in percent of it. Coverage, size and power at the levels named; `plain` is the mean "
        "difference within pairs without adjustment. Standard error of a coverage of 90 % over 300 replicates: 1.7 "
        "points.",
        "",
        "| cell (replicates) | bias % | covers 90 / 95 % | size at 10 / 5 % | power at 10 % | plain: covers 90 %, "
        "power | width ÷ plain |",
        "|---|---|---|---|---|---|---|",
    ]
    parts += [_cell_row(name, _records(stored, name)) for name in _names(stored, "")]
    parts += ["", "## Power claimed by the design against power achieved", ""]
    parts += [
        "| cell (designs) | claimed | achieved (replicates) | size claimed | median MDE |",
        "|---|---|---|---|---|",
    ]
    parts += [_claim_row(name, stored) for name in _names(stored, "claimed: ")]
    spillover = _names(stored, "spillover: ")
    if spillover:
        parts += ["", "## Spillover between product groups", ""]
        parts += ["| cell (panels) | found, 10 % | covers 90 % | estimate | truth |", "|---|---|---|---|---|"]
        parts += [_spillover_row(name, _records(stored, f"spillover: {name}")) for name in spillover]
    return "\n".join(parts) + "\n"


def _names(stored: dict[str, Record], kind: str) -> list[str]:
    names = dict.fromkeys(key.rsplit("/", 1)[0] for key in stored)
    if not kind:
        return [name for name in names if ": " not in name]
    return [name.removeprefix(kind) for name in names if name.startswith(kind)]


def _records(stored: dict[str, Record], name: str) -> list[Record]:
    return [record for key, record in stored.items() if key.rsplit("/", 1)[0] == name]


def _share(values: list[bool]) -> str:
    return f"{100 * np.mean(values):.1f}"


def _cell_row(name: str, records: list[Record]) -> str:
    own, plain = ([record[kind] for record in records] for kind in ("gls", "plain"))
    covers = " / ".join(_share([one[f"covers_{level}"] for one in own]) for level in (90, 95))
    size = " / ".join(_share([one["p_null"] <= alpha + 1e-9 for one in own]) for alpha in (0.1, 0.05))
    widths = np.median([one["width"] / other["width"] for one, other in zip(own, plain, strict=True)])
    return (
        f"| {name} ({len(own)}) | {100 * np.mean([one['bias'] for one in own]):+.1f} | {covers} | {size} | "
        f"{_share([one['p'] <= 0.1 + 1e-9 for one in own])} | {_share([one['covers_90'] for one in plain])}, "
        f"{_share([one['p'] <= 0.1 + 1e-9 for one in plain])} | {widths:.2f} |"
    )


def _claim_row(name: str, stored: dict[str, Record]) -> str:
    claims, tests = _records(stored, f"claimed: {name}"), _records(stored, name)
    achieved = _share([one["gls"]["p"] <= 0.1 + 1e-9 for one in tests])
    mde = np.median([np.nan if one["mde"] is None else one["mde"] for one in claims])
    return (
        f"| {name} ({len(claims)}) | {_share([one['power'] for one in claims])} | {achieved} ({len(tests)}) | "
        f"{_share([one['size'] for one in claims])} | {100 * mde:.1f} % |"
    )


def _spillover_row(name: str, records: list[Record]) -> str:
    return (
        f"| {name} ({len(records)}) | {_share([one['p'] <= 0.1 for one in records])} | "
        f"{_share([one['covers'] for one in records])} | "
        f"{100 * np.mean([one['estimate'] for one in records]):+.2f} % | {100 * records[0]['truth']:+.2f} % |"
    )

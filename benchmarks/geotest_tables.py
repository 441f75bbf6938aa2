"""Records of the geo-test proof in, `GEOTEST.md` out. Nothing is computed but shares, means and their errors."""

from collections import defaultdict
from typing import Any

import numpy as np

Record = dict[str, Any]
HEADER = (
    "| panel | replicates | covers 95 / 90 %: default | GeoLift-style | width ÷ GeoLift-style | width ÷ |sum gap| | "
    "bias, points | RMSE, points | RMSE ÷ augmented | false positives at 5 / 10 %: default | GeoLift-style | "
    "power at 7.5 %: default | GeoLift-style |\n" + "|---" * 13 + "|\n"
)


def write_tables(stored: dict[str, Record], about: str, machine: str) -> str:
    """The page: one row per panel, then the randomised tests."""
    panels: dict[str, list[Record]] = defaultdict(list)
    for key, record in stored.items():
        panels[key.rsplit("/", 1)[0]].append(record)
    compared = {name: records for name, records in panels.items() if "default" in records[0]}
    drawn = {name: records for name, records in panels.items() if "default" not in records[0]}
    text = f"# Geo tests: coverage, width, power\n\n{about.strip()}\n\n{machine}.\n\n"
    text += "Errors in brackets are standard errors, on public panels clustered by the week in which windows start.\n\n"
    text += HEADER.replace("|sum gap|", "\\|sum gap\\|") + "".join(
        _row(name, records) for name, records in compared.items()
    )
    text += _pooled([record for name, records in compared.items() if "window" not in records[0] for record in records])
    if drawn:
        text += "\n## Half the geos treated at random, judged by the assignment rule\n\n"
        text += "| panel | placements | false positives at 5 % | at 10 % |\n|---|---|---|---|\n"
        for name, records in drawn.items():
            p_values = np.array([record["p_null"] for record in records])
            windows = [record["window"] for record in records]
            shares = " | ".join(_with_error(p_values <= alpha, windows) for alpha in (0.05, 0.1))
            text += f"| {name} | {len(records)} | {shares} |\n"
    return text


def _pooled(records: list[Record]) -> str:
    if not records:
        return ""
    told = _covers([record["default"] for record in records])
    return f"\nOver the {len(records)} simulated panels together the default covers {told} %.\n"


def _row(name: str, records: list[Record]) -> str:
    windows = [record.get("window", place) for place, record in enumerate(records)]
    default, geolift, summed = ([record[who] for record in records] for who in ("default", "geolift", "sum"))
    errors = np.array([judged["error"] for judged in default])
    augmented = np.array([judged["error"] for judged in geolift])
    cells = [
        name,
        str(len(records)),
        _covers(default),
        _covers(geolift),
        _width(default, geolift),
        _width(default, summed),
        f"{100 * errors.mean():+.1f} ({100 * errors.std() / np.sqrt(len(errors)):.1f})",
        f"{100 * np.sqrt((errors**2).mean()):.1f}",
        f"{np.sqrt((errors**2).mean() / (augmented**2).mean()):.2f}",
        _false_positives(default, windows),
        _false_positives(geolift, windows),
        _share([judged["p"] <= 0.05 for judged in default]),
        _share([judged["p"] <= 0.05 for judged in geolift]),
    ]
    return f"| {' | '.join(cells)} |\n"


def _covers(judged: list[Record]) -> str:
    both = 100 * np.array([one["covers"] for one in judged], dtype=float).mean(axis=0)
    error = 100 * np.sqrt(both[0] / 100 * (1 - both[0] / 100) / len(judged))
    return f"{both[0]:.1f} ({error:.1f}) / {both[1]:.1f}"


def _width(default: list[Record], other: list[Record]) -> str:
    """Ratio of mean widths over replicates in which the other's interval is bounded."""
    both = [(one["width"], two["width"]) for one, two in zip(default, other, strict=True) if two["width"] is not None]
    own, theirs = np.array(both).T
    return f"{own.mean() / theirs.mean():.2f}"


def _false_positives(judged: list[Record], windows: list[int]) -> str:
    p_values = np.array([one["p_null"] for one in judged])
    return " / ".join(_with_error(p_values <= alpha, windows) for alpha in (0.05, 0.1))


def _with_error(called: np.ndarray, windows: list[int]) -> str:
    """A share with its standard error, clustered by window."""
    share = called.mean()
    groups: dict[int, float] = defaultdict(float)
    for one, window in zip(called, windows, strict=True):
        groups[window] += one - share
    error = np.sqrt(sum(total**2 for total in groups.values())) / len(called)
    return f"{100 * share:.1f} ({100 * error:.1f})"


def _share(called: list[bool]) -> str:
    return f"{np.mean(called):.2f}"

"""A simulated advertiser as files: `panel.csv`, `experiments.csv`, `truth.json` and, where needed, `map.toml`."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from measurement.errors import BadInput
from measurement.panel import Level, Panel
from measurement.simulation.optimum import true_optimum
from measurement.simulation.spec import WorldKind
from measurement.simulation.world import FinishedTest, World

_FORMAT = "simulated advertiser 1"
_NAMES = ("panel.csv", "experiments.csv", "map.toml", "truth.json")
_EXPERIMENT_COLUMNS = (
    "name",
    "channels",
    "outcome",
    "start",
    "end",
    "geos",
    "spend_change",
    "lift",
    "lift_sd",
    "cooldown_end",
)
_PLANNED_WEEKS = 13


def write_world(world: World, directory: Path | str) -> Path:
    """Write the advertiser's files; a new directory appears whole or not at all.

    A directory that already holds a simulated advertiser gets the new one's files; others in it stay.

    Raises:
        BadInput: the path is a file, or a directory that holds something else.
    """
    target = Path(directory).resolve()
    _refuse_foreign(target)
    files = _files(world)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as scratch:
            fresh = Path(scratch) / "world"
            fresh.mkdir()
            for name, text in files.items():
                (fresh / name).write_text(text, encoding="utf-8", newline="\n")
            _move_into_place(fresh, target)
    except OSError as error:
        raise BadInput(f"cannot write a simulated advertiser to {target}: {error.strerror}") from error
    return target


def _refuse_foreign(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise BadInput(f"{target} is a file; name a directory for the simulated advertiser")
    if target.is_dir() and any(target.iterdir()) and not _is_simulated(target):
        raise BadInput(f"{target} holds other files; name a new directory, or an empty one")


def _is_simulated(directory: Path) -> bool:
    try:
        truth = json.loads((directory / "truth.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(truth, dict) and truth.get("format") == _FORMAT


def _move_into_place(fresh: Path, target: Path) -> None:
    if not target.exists() or not any(target.iterdir()):
        fresh.rename(target)
        return
    for name in _NAMES:
        if (fresh / name).exists():
            (fresh / name).replace(target / name)
        else:
            (target / name).unlink(missing_ok=True)


def _files(world: World) -> dict[str, str]:
    files = {
        "panel.csv": panel_frame(world.panel).to_csv(index=False, lineterminator="\n"),
        "experiments.csv": _experiments_frame(world.experiments).to_csv(index=False, lineterminator="\n"),
        "truth.json": json.dumps(truth_of(world), indent=1) + "\n",
    }
    if world.spec.kind is WorldKind.NATIONAL:
        files["map.toml"] = _map_of(world.panel)
    return files


def panel_frame(panel: Panel) -> pd.DataFrame:
    """The panel as a table by the naming convention, one row per date and geo; a national series has no geo column."""
    geos, weeks = panel.sales.shape
    columns: dict[str, Any] = {"date": np.repeat(panel.dates.astype(str), geos)}
    if geos > 1:
        columns["geo"] = np.tile(np.array(panel.geos), weeks)
    columns["population"] = np.tile(panel.population.astype(np.int64), weeks)
    columns["sales"] = panel.sales.T.ravel()
    for index, name in enumerate(panel.channel_names):
        columns[f"{name}_spend"] = panel.spend[:, :, index].T.ravel()
        if np.isfinite(panel.attributed_sales[:, :, index]).all():
            columns[f"{name}_attributed_sales"] = panel.attributed_sales[:, :, index].T.ravel()
    queries, price_index, promo = np.moveaxis(panel.control_values, 2, 0)
    columns["search_queries"] = np.rint(np.exp(queries)).astype(np.int64).T.ravel()
    columns["price_index"] = price_index.T.ravel()
    columns["promo"] = promo.astype(np.int64).T.ravel()
    return pd.DataFrame(columns)


def _experiments_frame(experiments: tuple[FinishedTest, ...]) -> pd.DataFrame:
    rows = [
        (
            test.name,
            ";".join(test.channels),
            test.outcome,
            test.start.isoformat(),
            test.end.isoformat(),
            ";".join(test.geos),
            test.spend_change,
            test.lift,
            test.lift_sd,
            test.cooldown_end.isoformat(),
        )
        for test in experiments
    ]
    return pd.DataFrame(rows, columns=list(_EXPERIMENT_COLUMNS))


def _map_of(panel: Panel) -> str:
    head = ['date = "date"', 'population = "population"', f'currency = "{panel.currency}"']
    head += [f'country = "{panel.country}"'] + (['geo = "geo"'] if len(panel.geos) > 1 else [])
    tables = [["[panel]", *head], ["[[outcome]]", 'name = "sales"', 'column = "sales"']]
    for channel in panel.channels:
        table = ["[[channel]]", f'name = "{channel.name}"', f'spend = "{channel.name}_spend"']
        if channel.level is Level.NATIONAL:
            table += ['level = "national"', "geo_targetable = false"]
        tables.append(table)
    tables += [["[[control]]", f'column = "{each.name}"', f'kind = "{each.kind.value}"'] for each in panel.controls]
    return "\n\n".join("\n".join(table) for table in tables) + "\n"


def truth_of(world: World) -> dict[str, Any]:
    """Everything that `truth.json` tells; money in the panel's currency, the optimum within 50 % of today's spend."""
    weekly = world.weekly_contributions.sum(axis=0)
    marginal = world.marginal_iroas()
    share, marginal_share = world.claimed_share()
    spec = world.spec
    return {
        "format": _FORMAT,
        "kind": spec.kind.value,
        "seed": spec.seed,
        "geos": spec.geos,
        "weeks": spec.weeks,
        "marked_channels": list(world.marked_channels),
        "window": {
            "start": str(world.panel.dates[-spec.window_weeks]),
            "end": str(world.panel.dates[-1] + np.timedelta64(6, "D")),
        },
        "channels": [
            {
                "channel": truth.name,
                "spend": float(world.spend_last_52_weeks[index]),
                "incremental": float(world.incremental_last_52_weeks[index]),
                "iroas": float(world.iroas[index]),
                "marginal_iroas": float(marginal[index]),
                "incremental_share_of_claims": float(share[index]),
                "marginal_share_of_claims": float(marginal_share[index]),
                "decay": truth.carry_over.decay,
                "build_up": truth.carry_over.build_up,
                "half_saturation_per_head": truth.half_saturation,
                "slope": truth.slope,
                "weekly_contributions": [round(float(value), 2) for value in weekly[:, index]],
            }
            for index, truth in enumerate(world.media.channels)
        ],
        "experiments": [{"name": test.name, "true_lift": test.true_lift} for test in world.experiments],
        "optimum": _optimum_of(world),
    }


def _optimum_of(world: World) -> dict[str, Any]:
    current = world.current_spend(_PLANNED_WEEKS)
    spend, incremental = true_optimum(world, float(current.sum()), _PLANNED_WEEKS)
    today = world.plan_incremental(current, _PLANNED_WEEKS)
    return {
        "weeks": _PLANNED_WEEKS,
        "budget": float(current.sum()),
        "max_change": 0.5,
        "current_spend": current.tolist(),
        "current_incremental": today.tolist(),
        "spend": spend.tolist(),
        "incremental": incremental.tolist(),
        "gain": float(incremental.sum() - today.sum()),
    }

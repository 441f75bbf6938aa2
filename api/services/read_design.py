"""The answer of `rmo geo design --json` as a file in, the test that it recommends out."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measurement.errors import GeoTestError


@dataclass(frozen=True)
class DesignedTest:
    """Treated geos, those set apart as their neighbours, and the blocks within which coins fell: units of geos."""

    treated: tuple[str, ...]
    set_apart: tuple[str, ...] = ()
    blocks: tuple[tuple[tuple[str, ...], ...], ...] = ()


def read_design(path: Path) -> DesignedTest:
    """The recommended design. Raises GeoTestError where the file is none, or holds a refusal."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        designs, place = told["designs"], told["recommended"]
        if place is None:
            raise GeoTestError(f"{path} recommends no design: it holds a refusal; name the geos with --treated a,b")
        design = designs[place]
        return DesignedTest(
            treated=tuple(str(geo) for geo in design["treated"]),
            set_apart=tuple(str(geo) for geo in design.get("set_apart", ())),
            blocks=tuple(tuple(_unit(unit) for unit in block) for block in design.get("blocks", ())),
        )
    except FileNotFoundError:
        raise GeoTestError(f"{path} does not exist: write a design with rmo geo design PANEL --json > {path}") from None
    except (ValueError, KeyError, TypeError, IndexError):
        raise GeoTestError(f"{path} is not a design: it should hold the answer of rmo geo design --json") from None


def _unit(told: Any) -> tuple[str, ...]:
    """A supergeo is a list of geos, any other unit a single one."""
    return tuple(str(geo) for geo in told) if isinstance(told, list) else (str(told),)

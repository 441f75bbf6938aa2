"""Fixtures that several tests of this package share: small panels as rows of text, and files of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from measurement.preparation import ModelInputs
from measurement.priors import Priors

Draws = dict[str, NDArray[np.float64]]
Rows = list[list[str]]
SHARED_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def _rows(
    geos: tuple[str, ...] = ("north", "south"), periods: int = 30, start: str = "2023-01-02", days: int = 7
) -> Rows:
    generator = np.random.default_rng(11)
    rows = [["date", "geo", "sales", "tv_spend", "search_spend"]]
    for geo in geos:
        for period in range(periods):
            date = str(np.datetime64(start) + period * days)
            numbers = 1000 * generator.random(3) + (2000.5, 10.25, 10.25)
            rows.append([date, geo, *(f"{number:.2f}" for number in numbers)])
    return rows


@pytest.fixture(scope="session")
def panel_rows() -> Callable[..., Rows]:
    """Makes a valid panel as rows of text, the header first."""
    return _rows


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes rows as text, or bytes as they are, and returns the file."""
    folder = tmp_path_factory.mktemp("panels")

    def write(content: Rows | bytes, separator: str = ",", name: str = "panel.csv") -> Path:
        path = folder / name
        if not isinstance(content, bytes):
            content = "".join(separator.join(row) + "\n" for row in content).encode()
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def shared_data() -> Path:
    """The folder of public data beside the project; tests that need it are skipped where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder of public data (../shared/data) is absent")
    return SHARED_DATA


@pytest.fixture(scope="session")
def prior_draws() -> Callable[..., Draws]:
    """Draws from the model's prior by name, first axis the draws: all that is sampled and what follows from it."""
    import pymc as pm

    from measurement.model import build_model

    def draw(inputs: ModelInputs, priors: Priors, channels: tuple[str, ...], count: int, seed: int = 1) -> Draws:
        model = build_model(inputs, priors, channels)
        variables = [*model.free_RVs, *model.deterministics]
        drawn = pm.draw(variables, draws=count + 1, random_seed=seed, mode="FAST_COMPILE")
        return {variable.name: np.asarray(values)[:count] for variable, values in zip(variables, drawn, strict=True)}

    return draw

"""Fixtures that several tests of this package share: small panels as rows of text, and files of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from measurement.conditional import complete_chain
from measurement.fitted import FittedModel, Provenance
from measurement.interval import summarise
from measurement.panel import Panel
from measurement.preparation import ModelInputs, prepare
from measurement.priors import Priors
from measurement.report import Baseline, ChannelReport, Diagnostics, FitReport, LearntTest, ModelStatus, Verdict
from measurement.simulate import WorldKind, WorldSpec, simulate

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


@pytest.fixture(scope="session")
def unfitted_model(prior_draws: Callable[..., Draws]) -> FittedModel:
    """A complete model whose draws come from the prior: quick to make, and everything that follows from draws holds."""
    panel = simulate(WorldSpec(WorldKind.PLAIN, geos=5, weeks=60, channels=3, seed=6)).panel
    inputs = prepare(panel, Priors())
    sampled = prior_draws(inputs, Priors(), panel.channel_names, 60)
    draws = sampled | complete_chain(inputs, sampled, np.random.default_rng(2))
    stored = {name: values.astype(np.float32).astype(np.float64) for name, values in draws.items()}
    provenance = Provenance("0123456789abcdef", "f" * 64, 7, {"numpy": "2"}, Priors().to_json(), ("spring test",))
    return FittedModel(panel, stored, _report_of(panel, stored), provenance, ("a warning",))


def _report_of(panel: Panel, draws: Draws) -> FitReport:
    verdicts = (Verdict.MEASURED, Verdict.WEAK, Verdict.NOT_MEASURABLE)
    channels = tuple(
        ChannelReport(
            channel=name,
            outcome="sales",
            spend=float(panel.spend[:, -52:, index].sum()),
            incremental=summarise(draws["incremental"][:, index]),
            iroas=summarise(draws["iroas"][:, index]),
            marginal_iroas=summarise(draws["iroas"][:, index] / 2),
            prior_iroas=summarise(draws["iroas"][:, index]),
            verdict=verdicts[index],
            reason=f"reason {index}",
        )
        for index, name in enumerate(panel.channel_names)
    )
    found = Diagnostics(1.004, 812.5, 640.25, 3, 61.5)
    dates = str(panel.dates[-52]), str(panel.dates[-1] + np.timedelta64(6, "D"))
    some = summarise(draws["iroas"][:, 0])
    test = LearntTest("off", ("search",), -5.0, 1.0, 1.5, some, some, True, "off contradicts the panel")
    reasons, before = ("one", "two"), tuple(entry.prior_iroas for entry in channels)
    return FitReport(
        ModelStatus.ACCEPTED_WITH_WARNINGS, reasons, *dates, found, Baseline(0.8, 0.01), channels, (test,), before
    )

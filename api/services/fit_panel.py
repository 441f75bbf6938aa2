"""A panel's file in, a stored `FittedModel` out; nothing is written unless the fit came to its end."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from measurement.fitted import FitProgress, FittedModel

if TYPE_CHECKING:
    from measurement.experiments import Experiment
    from measurement.panel import Panel


@dataclass(frozen=True)
class FitRequest:
    """What to fit and where to store it; `panel_map`, `priors` and `experiments` are files or None."""

    panel: Path
    panel_map: Path | None
    controls: tuple[str, ...]
    priors: Path | None
    out: Path
    seed: int = 0
    experiments: Path | None = None


def fit_panel(request: FitRequest, progress: Callable[[FitProgress], None] | None = None) -> FittedModel:
    """Read, fit, store. Raises BadInput, and that before any work where `out` holds something else than a model."""
    from measurement.panel_map import read_panel_map
    from measurement.priors import Priors, read_priors
    from measurement.reading import read_panel
    from measurement.storage import refuse_foreign, save_model

    refuse_foreign(request.out)
    panel_map = read_panel_map(request.panel_map) if request.panel_map else None
    read = read_panel(request.panel, panel_map=panel_map, controls=request.controls)
    priors = read_priors(request.priors, read.panel.channel_names) if request.priors else Priors()

    tests = _tests(request.experiments, read.panel) if request.experiments else ()

    from measurement.fit import FitSettings, fit_model

    settings = FitSettings(request.seed, priors, tuple(read.warnings), tests=tests)
    model = fit_model(read.panel, settings, progress)
    save_model(model, request.out)
    return model


def _tests(path: Path, panel: "Panel") -> "tuple[Experiment, ...]":
    from measurement.experiments import read_experiments
    from measurement.resampling import to_weekly

    weekly, _ = to_weekly(panel)
    return read_experiments(path, weekly)

"""A panel's file in, a stored `FittedModel` out; nothing is written unless the fit came to its end."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from measurement.fitted import FitProgress, FittedModel


@dataclass(frozen=True)
class FitRequest:
    """What to fit and where to store it; `panel_map` and `priors` are files or None."""

    panel: Path
    panel_map: Path | None
    controls: tuple[str, ...]
    priors: Path | None
    out: Path
    seed: int = 0


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

    from measurement.fit import FitSettings, fit_model

    model = fit_model(read.panel, FitSettings(request.seed, priors, tuple(read.warnings)), progress)
    save_model(model, request.out)
    return model

"""What a fit leaves behind: its panel, posterior draws kept small, its report and its provenance. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.panel import Panel
from measurement.report import FitReport

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from; equal provenance means an equal model.

    Attributes:
        model_id: short hash of everything below.
        data_hash: SHA-256 of the panel's content.
        seed: the seed asked for.
        versions: program and library versions.
        priors: the priors as used, in the layout of `priors.toml`.
        experiments: names of the experiments used.
    """

    model_id: str
    data_hash: str
    seed: int
    versions: Mapping[str, str]
    priors: Mapping[str, object]
    experiments: tuple[str, ...] = ()


@dataclass(frozen=True)
class FittedModel:
    """A fitted incrementality model.

    Attributes:
        panel: the weekly panel that was fitted.
        draws: posterior draws by name, first axis the draws; names and shapes in `measurement.posterior`.
        report: the gate's report.
        provenance: where the model comes from.
        warnings: what the reader of the panel and the fit want told.
    """

    panel: Panel
    draws: Mapping[str, FloatArray]
    report: FitReport
    provenance: Provenance
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class WeeklyContributions:
    """Sales by week, summed over geos, as the model splits them; means and 5th and 95th percentiles.

    Attributes:
        dates: the fitted weeks, `(T,)`.
        channels: labels, length C.
        mean, low, high: incremental sales of each channel, `(T, C)`.
        baseline: mean sales that no channel caused, `(T,)`.
        observed: sales as they were, `(T,)`.
        fitted, fitted_low, fitted_high: posterior predictive sales, `(T,)`.
    """

    dates: NDArray[np.datetime64]
    channels: tuple[str, ...]
    mean: FloatArray
    low: FloatArray
    high: FloatArray
    baseline: FloatArray
    observed: FloatArray
    fitted: FloatArray
    fitted_low: FloatArray
    fitted_high: FloatArray


@dataclass(frozen=True)
class FitProgress:
    """How far a fit is; `seconds_left` is None until it can be told."""

    chains: int
    draws_done: int
    draws_total: int
    divergences: int
    seconds_left: float | None
    stage: str

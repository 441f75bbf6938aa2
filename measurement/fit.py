"""From a panel to a fitted model: weekly → arrays → sampling until it converges → the gate → draws kept small."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from measurement.calibration import expected_lifts, learnt_tests
from measurement.diagnostics import (
    ChannelEvidence,
    convergence,
    has_converged,
    is_implausible,
    judge,
    verdict_of,
)
from measurement.errors import ModelRefused
from measurement.experiments import Experiment
from measurement.fitted import FittedModel, Provenance
from measurement.hidden_demand import captures_demand
from measurement.inference import Posterior, SamplerSettings, sample_posterior
from measurement.interval import summarise
from measurement.panel import Level, Panel, panel_hash
from measurement.posterior import marginal_iroas, thinned
from measurement.preparation import ModelInputs, dose_per_head, prepare, window_length
from measurement.priors import Priors, prior_iroas_draws
from measurement.report import Baseline, ChannelReport, Diagnostics, FitReport, ModelStatus
from measurement.resampling import to_weekly
from measurement.sampling_progress import Progress

FloatArray = NDArray[np.float64]

STORED_DRAWS = 800
DRAWS_BEFORE_TESTS = 300
PRIOR_DRAWS = 2000
QUARTER_WEEKS = 13
ROUNDS = 3
"""Rounds of chains until the gate has the last word."""
NEXT_ROUND = 2**32
LIBRARIES = ("retail-media-optimizer", "pymc", "pytensor", "nutpie", "jax", "numpy")
NOT_CHECKED = ("predicted", "baseline", "contribution", "geo_effect", "inside", "sales_per_head")
"""Follow from sampled parameters and incremental sales, or are noise; r-hat and ESS are asked of the rest."""


@dataclass(frozen=True)
class FitSettings:
    """What a fit may be told: seed, priors, warnings of the panel's reader to keep, how to sample, finished tests.

    Tests must speak of the weekly panel (`measurement.experiments.check_experiment`).
    """

    seed: int = 0
    priors: Priors = field(default_factory=Priors)
    warnings: tuple[str, ...] = ()
    sampler: SamplerSettings = field(default_factory=SamplerSettings)
    tests: tuple[Experiment, ...] = ()


def fit_model(panel: Panel, settings: FitSettings = FitSettings(), progress: Progress | None = None) -> FittedModel:
    """Fit the incrementality model to a panel.

    Args:
        panel: weekly or daily; daily panels are summed to weeks first.
        settings: seed, priors, sampling.
        progress: told how far the fit is.

    Returns:
        The model with its report; whether it was refused stands in the report's status.

    Raises:
        PanelError: the panel is too short for a fit.
        ModelRefused: sampling broke down, so that there is nothing to report.
    """
    started = time.monotonic()
    weekly, notes = to_weekly(panel)
    inputs = prepare(weekly, settings.priors, settings.tests)
    before = _without_tests(weekly, settings, progress) if settings.tests else None
    posterior, found = _sample(inputs, weekly, settings, progress, started)
    if not np.isfinite(found.rhat_max):
        raise ModelRefused(
            "Sampling broke down: draws are not finite. Check the panel for extreme values, or the priors."
        )
    flat = {name: values.reshape(-1, *values.shape[2:]) for name, values in posterior.draws.items()}
    kept = thinned(flat, STORED_DRAWS)
    report = _report(weekly, inputs, settings.priors, flat, kept, found)
    if before is not None:
        report = _with_tests(report, weekly, settings, inputs, before, kept)
    stored = {name: values.astype(np.float32).astype(np.float64) for name, values in kept.items()}
    return FittedModel(weekly, stored, report, _provenance(weekly, settings), (*settings.warnings, *notes))


def _sample(
    inputs: ModelInputs, panel: Panel, settings: FitSettings, progress: Progress | None, started: float
) -> tuple[Posterior, Diagnostics]:
    """Sample, and add as many chains again where those so far have not converged."""
    sampler = settings.sampler

    def more(round_number: int) -> Posterior:
        seed = settings.seed + round_number * NEXT_ROUND
        return sample_posterior(inputs, settings.priors, panel.channel_names, sampler, seed, progress)

    posterior = more(0)
    for round_number in range(1, ROUNDS + 1):
        checked = {name: values for name, values in posterior.draws.items() if name not in NOT_CHECKED}
        found = convergence(checked, posterior.divergences, time.monotonic() - started)
        if round_number == ROUNDS or has_converged(found, posterior.count):
            break
        posterior = posterior.joined(more(round_number))
    return posterior, found


def _without_tests(panel: Panel, settings: FitSettings, progress: Progress | None) -> dict[str, FloatArray]:
    """Draws by the panel alone, to hold the tests against; fewer, since only intervals are read from them."""
    sampler = replace(settings.sampler, draws=min(settings.sampler.draws, DRAWS_BEFORE_TESTS))
    inputs = prepare(panel, settings.priors)
    posterior = sample_posterior(inputs, settings.priors, panel.channel_names, sampler, settings.seed, progress)
    flat = {name: values.reshape(-1, *values.shape[2:]) for name, values in posterior.draws.items()}
    return thinned(flat, STORED_DRAWS)


def _with_tests(
    report: FitReport,
    panel: Panel,
    settings: FitSettings,
    inputs: ModelInputs,
    before: Mapping[str, FloatArray],
    after: Mapping[str, FloatArray],
) -> FitReport:
    learnt = learnt_tests(settings.tests, inputs, expected_lifts(inputs, before), expected_lifts(inputs, after))
    iroas = tuple(
        summarise(_iroas(before["incremental"][:, index], panel, index, before["iroas"][:, index]))
        for index in range(len(panel.channels))
    )
    against = tuple(test.sentence for test in learnt if test.contradicts)
    status = ModelStatus.ACCEPTED_WITH_WARNINGS if against and report.status is ModelStatus.ACCEPTED else report.status
    reasons = against if against and report.status is ModelStatus.ACCEPTED else (*report.reasons, *against)
    return replace(report, status=status, reasons=reasons, experiments=learnt, iroas_before_experiments=iroas)


def _report(
    panel: Panel,
    inputs: ModelInputs,
    priors: Priors,
    flat: Mapping[str, FloatArray],
    kept: Mapping[str, FloatArray],
    found: Diagnostics,
) -> FitReport:
    window = window_length(len(panel.dates))
    spend = panel.spend[:, -window:].sum(axis=(0, 1))
    marginal = marginal_iroas(panel, kept)
    tested = [] if inputs.lifts is None else inputs.lifts.channels_tested_alone
    evidence = [_evidence(panel, inputs, priors, flat, index) for index in range(len(spend))]
    evidence = [replace(entry, tests=tested.count(index)) for index, entry in enumerate(evidence)]
    judged = [verdict_of(entry) for entry in evidence]
    baseline = _baseline(panel, flat)
    judgement = judge(
        found,
        len(flat["rho"]),
        baseline,
        float(flat["inside"].mean()),
        {name: verdict for name, (verdict, _) in zip(panel.channel_names, judged, strict=True)},
        tuple(name for name, entry in zip(panel.channel_names, evidence, strict=True) if is_implausible(entry)),
    )
    outcome = panel.outcomes[0].name if len(panel.outcomes) == 1 else "total"
    channels = tuple(
        ChannelReport(
            channel=name,
            outcome=outcome,
            spend=float(spend[index]),
            incremental=summarise(flat["incremental"][:, index]),
            iroas=entry.iroas,
            marginal_iroas=summarise(marginal[:, index]),
            prior_iroas=entry.prior,
            verdict=verdict,
            reason=reason,
        )
        for index, (name, entry, (verdict, reason)) in enumerate(
            zip(panel.channel_names, evidence, judged, strict=True)
        )
    )
    start, end = panel.dates[-window], panel.dates[-1] + np.timedelta64(6, "D")
    return FitReport(judgement.status, judgement.reasons, str(start), str(end), found, baseline, channels)


def _evidence(
    panel: Panel, inputs: ModelInputs, priors: Priors, flat: Mapping[str, FloatArray], index: int
) -> ChannelEvidence:
    channel = panel.channels[index]
    is_national = channel.level is Level.NATIONAL
    one_series = len(panel.geos) == 1
    after = _iroas(flat["incremental"][:, index], panel, index, flat["iroas"][:, index])
    before = prior_iroas_draws(priors.of(channel.name), PRIOR_DRAWS)
    return ChannelEvidence(
        iroas=summarise(after),
        prior=summarise(before),
        distance=float(ks_2samp(after, before).statistic),
        variation=_variation(dose_per_head(panel)[index]),
        is_national=is_national,
        one_series=one_series,
        follows_demand=index in inputs.confounded
        or ((is_national or one_series) and captures_demand(channel.name, priors.of(channel.name))),
    )


def _iroas(incremental: FloatArray, panel: Panel, index: int, parameter: FloatArray) -> FloatArray:
    """iROAS in the window, `(draws,)`; of a channel that paused in it, over all weeks."""
    spend = float(panel.spend[:, -window_length(len(panel.dates)) :, index].sum())
    return incremental / spend if spend > 0 else parameter


def _variation(dose: FloatArray) -> float:
    """Standard deviation over time within geos, in means of the channel; levels of geos tell nothing."""
    return float((dose - dose.mean(axis=1, keepdims=True)).std() / dose.mean())


def _baseline(panel: Panel, flat: Mapping[str, FloatArray]) -> Baseline:
    window = window_length(len(panel.dates))
    sales = panel.sales[:, -window:].sum()
    baseline = flat["baseline"]
    quarters = np.array_split(np.arange(baseline.shape[1]), max(1, baseline.shape[1] // QUARTER_WEEKS))
    by_quarter = np.stack([baseline[:, weeks].sum(axis=1) for weeks in quarters], axis=1)
    return Baseline(
        share=float(1.0 - flat["incremental"].sum(axis=1).mean() / sales),
        probability_negative=float((by_quarter < 0).any(axis=1).mean()),
    )


def _provenance(panel: Panel, settings: FitSettings) -> Provenance:
    versions = {name: version(name) for name in LIBRARIES}
    data = panel_hash(panel)
    priors = settings.priors.to_json()
    what = [data, settings.seed, versions, priors, repr(settings.sampler), *map(repr, settings.tests)]
    identity = json.dumps(what, sort_keys=True)
    names = tuple(test.name for test in settings.tests)
    return Provenance(hashlib.sha256(identity.encode()).hexdigest()[:16], data, settings.seed, versions, priors, names)

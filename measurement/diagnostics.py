"""The gate: a posterior in; out come a status for the model and a verdict per channel, each with its reason."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from measurement.interval import Interval
from measurement.report import Baseline, Diagnostics, ModelStatus, Verdict

FloatArray = NDArray[np.float64]

RHAT_LIMIT = 1.01
ESS_BULK_LIMIT = 400.0
ESS_TAIL_LIMIT = 200.0
DIVERGENT_SHARE_LIMIT = 0.01
NEGATIVE_BASELINE_WARNING, NEGATIVE_BASELINE_LIMIT = 0.05, 0.5
PREDICTIVE_WARNING, PREDICTIVE_LIMIT = (0.82, 0.97), 0.6
IMPLAUSIBLE_MEDIANS = 15.0
"""An iROAS whose 5 % point lies above this many prior medians is not believable."""
STILL_PRIOR = 0.85
"""A 90 % interval wider than this share of the prior's has not narrowed."""
MOVED = 0.2
"""Largest distance between distribution functions (Kolmogorov) up to which a posterior repeats its prior."""
MOVED_DESPITE_DEMAND = 0.5
"""The same where spend follows demand: what demand sells moves the estimate too, though hardly that far."""
MEASURED_RELATIVE, MEASURED_ABSOLUTE = 0.4, 0.3
"""Half-width of the 90 % interval, relative to the mean or absolute, up to which a channel counts as measured."""
NEVER_VARIES = 0.02


@dataclass(frozen=True)
class ChannelEvidence:
    """What the gate looks at for one channel.

    Attributes:
        iroas, prior: after and before the data.
        distance: Kolmogorov distance between the two distributions.
        variation: the dose's telling standard deviation over its mean.
        is_national, one_series: what kept the channel from being compared between regions.
        follows_demand: whether its spend is held to follow demand, by the data, by the analyst or by its name.
        tests: finished tests of this channel alone that the model learnt from.
    """

    iroas: Interval
    prior: Interval
    distance: float
    variation: float
    is_national: bool
    one_series: bool
    follows_demand: bool
    tests: int = 0


@dataclass(frozen=True)
class Judgement:
    """Status of the model with its reasons in plain words."""

    status: ModelStatus
    reasons: tuple[str, ...]


def convergence(draws: Mapping[str, FloatArray], divergences: int, seconds: float) -> Diagnostics:
    """Worst r-hat and effective sample sizes over all quantities, each `(chains, draws, ...)`; none if not finite."""
    if not all(np.isfinite(values).all() for values in draws.values()):
        return Diagnostics(float("nan"), 0.0, 0.0, divergences, seconds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import arviz

        data = arviz.convert_to_dataset(dict(draws))
        rhat, bulk, tail = arviz.rhat(data), arviz.ess(data, method="bulk"), arviz.ess(data, method="tail")
    return Diagnostics(
        rhat_max=max(float(values.max()) for values in rhat.values()),
        ess_bulk_min=min(float(values.min()) for values in bulk.values()),
        ess_tail_min=min(float(values.min()) for values in tail.values()),
        divergences=divergences,
        seconds=seconds,
    )


def has_converged(found: Diagnostics, draws: int) -> bool:
    """Whether sampling passes the gate; `draws` counts all chains."""
    return not _sampling_faults(found, draws)


def judge(
    found: Diagnostics,
    draws: int,
    baseline: Baseline,
    inside: float,
    verdicts: Mapping[str, Verdict],
    implausible: tuple[str, ...],
) -> Judgement:
    """The gate's answer on the whole model.

    Args:
        found: the sampler's diagnostics.
        draws: draws over all chains.
        baseline: the baseline's share and probability of being negative.
        inside: share of geo-weeks inside their 90 % predictive interval.
        verdicts: by channel.
        implausible: channels whose iROAS is beyond belief.
    """
    refusals = _sampling_faults(found, draws)
    cautions = []
    if baseline.probability_negative > NEGATIVE_BASELINE_LIMIT:
        refusals.append(
            "The model needs negative sales without advertising in some quarter "
            f"(probability {baseline.probability_negative:.0%}): it credits advertising with more than was sold."
        )
    elif baseline.probability_negative > NEGATIVE_BASELINE_WARNING:
        cautions.append(
            "Sales without advertising may be negative in some quarter "
            f"(probability {baseline.probability_negative:.0%})."
        )
    if inside < PREDICTIVE_LIMIT:
        refusals.append(f"The model does not describe the data: {inside:.0%} of sales lie in their 90 % interval.")
    elif not PREDICTIVE_WARNING[0] <= inside <= PREDICTIVE_WARNING[1]:
        cautions.append(f"{inside:.0%} of sales lie in their 90 % predictive interval.")
    cautions += [f"The iROAS of {name} is far beyond what its prior holds possible." for name in implausible]
    if all(verdict is Verdict.NOT_MEASURABLE for verdict in verdicts.values()):
        refusals.append("No channel can be measured with these data: every iROAS repeats its prior.")
    else:
        cautions += [
            f"{name} cannot be measured with these data."
            for name, verdict in verdicts.items()
            if verdict is Verdict.NOT_MEASURABLE
        ]
    if refusals:
        return Judgement(ModelStatus.REFUSED, tuple(refusals + cautions))
    if cautions:
        return Judgement(ModelStatus.ACCEPTED_WITH_WARNINGS, tuple(cautions))
    return Judgement(ModelStatus.ACCEPTED, ("All checks passed.",))


def _sampling_faults(found: Diagnostics, draws: int) -> list[str]:
    faults = []
    if not found.rhat_max < RHAT_LIMIT:
        faults.append(f"The chains disagree: r-hat is {found.rhat_max:.3f}, it must be below {RHAT_LIMIT}.")
    if not found.ess_bulk_min > ESS_BULK_LIMIT:
        faults.append(f"Too few effective draws: {found.ess_bulk_min:.0f}, more than {ESS_BULK_LIMIT:.0f} are needed.")
    if not found.ess_tail_min > ESS_TAIL_LIMIT:
        faults.append(
            f"Too few effective draws in the tails: {found.ess_tail_min:.0f}, "
            f"more than {ESS_TAIL_LIMIT:.0f} are needed."
        )
    if found.divergences > DIVERGENT_SHARE_LIMIT * draws:
        faults.append(f"{found.divergences} of {draws} draws diverged; parts of the posterior were not reached.")
    return faults


def is_implausible(evidence: ChannelEvidence) -> bool:
    """Whether even the 5 % point of the iROAS lies beyond belief."""
    return evidence.iroas.p5 > IMPLAUSIBLE_MEDIANS * evidence.prior.p50


def verdict_of(evidence: ChannelEvidence) -> tuple[Verdict, str]:
    """The gate's answer on one channel, and why, in words for a buyer."""
    width = evidence.iroas.p95 - evidence.iroas.p5
    learnt = 1.0 - width / (evidence.prior.p95 - evidence.prior.p5)
    if evidence.variation < NEVER_VARIES and not evidence.tests:
        return Verdict.NOT_MEASURABLE, "Its spend never varies, so its effect cannot be told from the baseline."
    repeats_up_to = MOVED_DESPITE_DEMAND if evidence.follows_demand else MOVED
    if 1.0 - learnt > STILL_PRIOR and evidence.distance < repeats_up_to:
        return (
            Verdict.NOT_MEASURABLE,
            "The data say too little: the interval is nearly as wide as before the data "
            f"({evidence.iroas.p5:.2f} to {evidence.iroas.p95:.2f}). A test would tell.",
        )
    source = _source(evidence)
    narrowed = (
        f"The data narrowed the interval by {learnt:.0%}"
        if 1.0 - learnt <= STILL_PRIOR
        else "The data moved the estimate"
    )
    if evidence.follows_demand and not evidence.tests:
        return (
            Verdict.WEAK,
            f"{narrowed}, but its spend follows demand, which sells by itself. {source} Only a test separates the two.",
        )
    if width / 2 <= max(MEASURED_RELATIVE * evidence.iroas.mean, MEASURED_ABSOLUTE):
        return Verdict.MEASURED, f"{narrowed}. {source}"
    return Verdict.WEAK, f"{narrowed}, but the interval is still wide. {source}"


def _source(evidence: ChannelEvidence) -> str:
    if evidence.tests:
        tests = "a finished test" if evidence.tests == 1 else f"{evidence.tests} finished tests"
        return f"Learnt from {tests} and from the panel."
    if evidence.one_series:
        return "Learnt from one series' variation in time alone."
    if evidence.is_national:
        return "Known only nationally: learnt from its variation in time, not from comparing regions."
    return "Learnt from differences between regions and weeks."

"""What a fit says: status, reasons, diagnostics, baseline and one entry per channel. Values only."""

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from measurement.interval import Interval


class ModelStatus(Enum):
    """The gate's answer on the whole model."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_WARNINGS = "accepted_with_warnings"
    REFUSED = "refused"


class Verdict(Enum):
    """The gate's answer on one channel."""

    MEASURED = "measured"
    WEAK = "weak"
    NOT_MEASURABLE = "not_measurable"


@dataclass(frozen=True)
class Diagnostics:
    """How well the sampler did; r-hat and ESS are the worst over parameters and incremental sales."""

    rhat_max: float
    ess_bulk_min: float
    ess_tail_min: float
    divergences: int
    seconds: float


@dataclass(frozen=True)
class Baseline:
    """Share of sales that no channel caused, and the probability that it is negative in some quarter."""

    share: float
    probability_negative: float


@dataclass(frozen=True)
class ChannelReport:
    """One channel and outcome over the report's window; `prior_iroas` is what was believed before the data."""

    channel: str
    outcome: str
    spend: float
    incremental: Interval
    iroas: Interval
    marginal_iroas: Interval
    prior_iroas: Interval
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class LearntTest:
    """A finished test beside the model; lifts in money over the test's geos and window.

    Attributes:
        lift, lift_sd: as the test found them.
        counted_sd: the standard error as it counts, grown with the test's age.
        expected_before, expected_after: what the model expects by the panel alone, and with all tests.
        contradicts: whether lift and panel are too far apart for chance.
        sentence: the same for people.
    """

    name: str
    channels: tuple[str, ...]
    lift: float
    lift_sd: float
    counted_sd: float
    expected_before: Interval
    expected_after: Interval
    contradicts: bool
    sentence: str


@dataclass(frozen=True)
class FitReport:
    """The answer of `rmo fit` and `rmo report`; dates are ISO and inclusive.

    `experiments` are the finished tests that the model learnt from, `iroas_before_experiments` what it would have said
    of each channel without them; both are empty without tests.
    """

    status: ModelStatus
    reasons: tuple[str, ...]
    window_start: str
    window_end: str
    diagnostics: Diagnostics
    baseline: Baseline
    channels: tuple[ChannelReport, ...]
    experiments: tuple[LearntTest, ...] = ()
    iroas_before_experiments: tuple[Interval, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "status": self.status.value,
            "reasons": list(self.reasons),
            "window": {"start": self.window_start, "end": self.window_end},
            "diagnostics": asdict(self.diagnostics),
            "baseline": asdict(self.baseline),
            "channels": [asdict(channel) | {"verdict": channel.verdict.value} for channel in self.channels],
            "experiments": [asdict(test) for test in self.experiments],
            "iroas_before_experiments": {
                channel.channel: asdict(before)
                for channel, before in zip(self.channels, self.iroas_before_experiments, strict=False)
            },
        }

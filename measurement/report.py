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
class FitReport:
    """The answer of `rmo fit` and `rmo report`; dates are ISO and inclusive."""

    status: ModelStatus
    reasons: tuple[str, ...]
    window_start: str
    window_end: str
    diagnostics: Diagnostics
    baseline: Baseline
    channels: tuple[ChannelReport, ...]

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "status": self.status.value,
            "reasons": list(self.reasons),
            "window": {"start": self.window_start, "end": self.window_end},
            "diagnostics": asdict(self.diagnostics),
            "baseline": asdict(self.baseline),
            "channels": [asdict(channel) | {"verdict": channel.verdict.value} for channel in self.channels],
        }

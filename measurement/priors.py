"""Priors in units that a person can judge: what a unit of money returns, how long an effect lasts, how sure we are.

`priors.toml` or nothing in, one frozen `Priors` out. The layout of the file:

    resemblance = 0.5
    [default]
    iroas = { median = 1.5, p95 = 5.2 }
    [channel.search]
    iroas = { median = 2.0, p95 = 6.0 }
    half_life_weeks = { median = 0.7, p95 = 4.0 }
    follows_demand = true
"""

import difflib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measurement.errors import PriorsError

VAGUE = 3.4
"""From this ratio of p95 to median on, an iROAS prior has enough density near zero to leave room for no effect."""


@dataclass(frozen=True)
class Spread:
    """A positive quantity's median and 95 % point."""

    median: float
    p95: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.median) and math.isfinite(self.p95) and 0 < self.median < self.p95):
            raise PriorsError(f"a prior needs 0 < median < p95, not median = {self.median}, p95 = {self.p95}")

    @property
    def log_sd(self) -> float:
        """Standard deviation of the logarithm, were the quantity log-normal."""
        return math.log(self.p95 / self.median) / 1.6449


@dataclass(frozen=True)
class ChannelPrior:
    """What is believed of one channel before the data.

    Attributes:
        iroas: incremental sales per unit of money over the report's window, if the channel sells at all (Weibull).
        sells_nothing: probability that the channel sells nothing. It counts only where p95 is at least
            `VAGUE` medians; a narrower iROAS prior says that the channel does sell.
        half_life_weeks: half-life of the decay, in weeks (log-normal); with a build-up, half of the effect comes later.
        build_up: mean of the exponential prior of how far the effect's peak is delayed; 0 is a geometric adstock,
            1 that of two in a row.
        half_saturation: dose at which half of the largest effect is reached, in means of the channel where
            and when it runs (log-normal).
        slope: Hill slope; above 1 the curve is S-shaped (log-normal).
        geo_spread: standard deviation of the geos' relative effects (log-normal).
        drift: standard deviation of the log-change of the effect from the panel's first week to its last.
        follows_demand: whether spend follows demand. None: told from the data where a demand control is
            given, else from the channel's name.
        confounding: scale of hidden demand: relative sales per unit of log(1 + dose) that demand brings rather than the
            channel. None: told from the demand control, else 0.05 for a channel that follows demand.
    """

    iroas: Spread = Spread(1.5, 5.2)
    sells_nothing: float = 0.05
    half_life_weeks: Spread = Spread(1.0, 5.0)
    build_up: float = 0.5
    half_saturation: Spread = Spread(1.4, 5.0)
    slope: Spread = Spread(1.3, 2.4)
    geo_spread: Spread = Spread(0.2, 0.45)
    drift: float = 0.2
    follows_demand: bool | None = None
    confounding: float | None = None


@dataclass(frozen=True)
class Priors:
    """One prior for all channels, and the channels that differ from it.

    Attributes:
        default: of every channel that `channels` does not name.
        channels: the priors of single channels, by name.
        resemblance: correlation of the channels' iROAS before the data (of their normal scores: each channel's own
            prior stays as it is stated). Channels of one advertiser sell the same goods at the same margin, so one
            that is measured says something of one that is not.
    """

    default: ChannelPrior = ChannelPrior()
    channels: tuple[tuple[str, ChannelPrior], ...] = ()
    resemblance: float = 0.5

    def of(self, channel: str) -> ChannelPrior:
        """The prior of one channel."""
        return dict(self.channels).get(channel, self.default)

    def to_json(self) -> dict[str, Any]:
        """The layout of `priors.toml`, every value stated."""
        return {
            "default": asdict(self.default),
            "channel": {name: asdict(prior) for name, prior in self.channels},
            "resemblance": self.resemblance,
        }


def weibull_of(spread: Spread) -> tuple[float, float]:
    """Shape and scale of the Weibull distribution with this median and 95 % point."""
    shape = math.log(math.log(20.0) / math.log(2.0)) / math.log(spread.p95 / spread.median)
    return shape, spread.median / math.log(2.0) ** (1.0 / shape)


def chance_of_nothing(prior: ChannelPrior) -> float:
    """Prior probability that a channel sells nothing."""
    return prior.sells_nothing if prior.iroas.p95 >= VAGUE * prior.iroas.median else 0.0


def prior_iroas_draws(prior: ChannelPrior, draws: int) -> NDArray[np.float64]:
    """The prior's quantiles at evenly spaced probabilities, `(draws,)`: draws without their noise."""
    shape, scale = weibull_of(prior.iroas)
    probabilities = (np.arange(draws) + 0.5) / draws
    exceeded = -np.log1p(-probabilities) + math.log1p(-chance_of_nothing(prior))
    quantiles: NDArray[np.float64] = scale * np.maximum(exceeded, 0.0) ** (1.0 / shape)
    return quantiles


def read_priors(path: Path, channels: tuple[str, ...]) -> Priors:
    """Read `priors.toml`; every key is optional, an unknown one is an error that names the nearest.

    Raises:
        PriorsError: the file cannot be read, or a key, a channel or a value in it cannot be used.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PriorsError(f"{path}: cannot be read ({error.strerror}); give the path of a priors.toml") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PriorsError(f"{path}: is not TOML ({error})") from error
    _only_known(content, ("default", "channel", "resemblance"), "priors")
    default = _channel_prior(content.get("default", {}), ChannelPrior(), "default")
    table = content.get("channel", {})
    if not isinstance(table, dict):
        raise PriorsError("priors: `channel` must be tables such as [channel.search]")
    _only_known(table, channels, "channel")
    own = tuple((name, _channel_prior(entry, default, f"channel.{name}")) for name, entry in table.items())
    return Priors(default, own, _resemblance(content.get("resemblance", Priors.resemblance)))


def _resemblance(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 0.95:
        raise PriorsError(f"resemblance: must be a correlation from 0 to 0.95, not {value!r}")
    return float(value)


def _only_known(table: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
            raise PriorsError(f"{where}: {key!r} is not known; {hint}")


def _channel_prior(table: object, default: ChannelPrior, where: str) -> ChannelPrior:
    if not isinstance(table, dict):
        raise PriorsError(f"{where}: must be a table, such as iroas = {{ median = 1.0, p95 = 4.5 }}")
    _only_known(table, tuple(field.name for field in fields(ChannelPrior)), where)
    stated: dict[str, Any] = {key: _value(key, value, f"{where}.{key}") for key, value in table.items()}
    return replace(default, **stated)


def _value(key: str, value: object, where: str) -> object:
    if key == "follows_demand":
        if not isinstance(value, bool):
            raise PriorsError(f"{where}: must be true or false, not {value!r}")
        return value
    if key == "sells_nothing":
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
            raise PriorsError(f"{where}: must be a probability from 0 to below 1, not {value!r}")
        return float(value)
    if key in ("drift", "confounding", "build_up"):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10:
            raise PriorsError(f"{where}: must be a number from 0 to 10, not {value!r}")
        return float(value)
    if not isinstance(value, dict) or set(value) != {"median", "p95"}:
        raise PriorsError(f"{where}: must be {{ median = ..., p95 = ... }}, not {value!r}")
    if any(isinstance(number, bool) or not isinstance(number, int | float) for number in value.values()):
        raise PriorsError(f"{where}: median and p95 must be numbers, not {value!r}")
    try:
        return Spread(float(value["median"]), float(value["p95"]))
    except PriorsError as error:
        raise PriorsError(f"{where}: {error}") from error

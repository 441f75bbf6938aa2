"""Two fitted models in, what changed between them and why out: causes first, then every channel's iROAS and verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from math import hypot
from typing import Any

from measurement.fitted import FittedModel
from measurement.interval import Interval
from measurement.panel_changes import panel_changes
from measurement.report import ChannelReport, Verdict

REAL_CHANGE_IN_SDS = 1.645
"""A difference of two independent estimates passes this in one of ten cases when nothing changed. Two fits that share
data are not independent, so the bar is, if anything, too high: what passes it is a change."""


class CauseKind(Enum):
    """Where a difference between two fits can come from."""

    DATA = "data"
    WINDOW = "window"
    EXPERIMENTS = "experiments"
    PRIORS = "priors"
    VERSIONS = "versions"
    SEED = "seed"


class Change(Enum):
    """What became of a channel's iROAS."""

    WITHIN_NOISE = "within_noise"
    REAL = "real"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Cause:
    """One difference in what went into the two fits, as a sentence."""

    kind: CauseKind
    sentence: str


@dataclass(frozen=True)
class ChannelChange:
    """One channel and outcome in both models; `in_joint_sds` is the difference over the root of summed variances."""

    channel: str
    outcome: str
    iroas_a: Interval | None
    iroas_b: Interval | None
    difference: float | None
    in_joint_sds: float | None
    change: Change
    verdict_a: Verdict | None
    verdict_b: Verdict | None
    sentence: str


@dataclass(frozen=True)
class ModelComparison:
    """The answer of `rmo compare`; `same` when both models have the same id."""

    model_a: str
    model_b: str
    status_a: str
    status_b: str
    same: bool
    summary: str
    causes: tuple[Cause, ...]
    channels: tuple[ChannelChange, ...]

    def to_json(self) -> dict[str, Any]:
        """The keys of the public JSON."""
        return {
            "a": {"model_id": self.model_a, "status": self.status_a},
            "b": {"model_id": self.model_b, "status": self.status_b},
            "same": self.same,
            "summary": self.summary,
            "causes": [{"kind": cause.kind.value, "sentence": cause.sentence} for cause in self.causes],
            "channels": [_channel_json(channel) for channel in self.channels],
        }


def compare_models(a: FittedModel, b: FittedModel) -> ModelComparison:
    """What changed from `a` to `b`, and why."""
    causes = _causes(a, b)
    channels = _channel_changes(a.report.channels, b.report.channels)
    return ModelComparison(
        model_a=a.provenance.model_id,
        model_b=b.provenance.model_id,
        status_a=a.report.status.value,
        status_b=b.report.status.value,
        same=a.provenance.model_id == b.provenance.model_id,
        summary=_summary(a, b, causes, channels),
        causes=causes,
        channels=channels,
    )


def _causes(a: FittedModel, b: FittedModel) -> tuple[Cause, ...]:
    found: list[Cause] = []
    if a.provenance.data_hash != b.provenance.data_hash:
        changes = panel_changes(a.panel, b.panel) or ("The data differ in what values do not show.",)
        found += [Cause(CauseKind.DATA, sentence) for sentence in changes]
    found += [Cause(CauseKind.WINDOW, sentence) for sentence in _window_change(a, b)]
    experiments = _experiment_changes(a.provenance.experiments, b.provenance.experiments)
    found += [Cause(CauseKind.EXPERIMENTS, sentence) for sentence in experiments]
    for kind, what, before, after in (
        (CauseKind.PRIORS, "Prior", _flat(a.provenance.priors), _flat(b.provenance.priors)),
        (CauseKind.VERSIONS, "Version of", dict(a.provenance.versions), dict(b.provenance.versions)),
    ):
        found += [Cause(kind, sentence) for sentence in _value_changes(what, before, after)]
    if a.provenance.seed != b.provenance.seed:
        found.append(Cause(CauseKind.SEED, f"The seed went from {a.provenance.seed} to {b.provenance.seed}."))
    return tuple(found)


def _window_change(a: FittedModel, b: FittedModel) -> tuple[str, ...]:
    before = (a.report.window_start, a.report.window_end)
    after = (b.report.window_start, b.report.window_end)
    if before == after:
        return ()
    return (f"The report's window went from {' to '.join(before)} to {' to '.join(after)}.",)


def _experiment_changes(before: Sequence[str], after: Sequence[str]) -> tuple[str, ...]:
    added = [name for name in after if name not in before]
    gone = [name for name in before if name not in after]
    sentences = []
    if added:
        sentences.append(f"Experiments added: {', '.join(added)}.")
    if gone:
        sentences.append(f"Experiments no longer used: {', '.join(gone)}.")
    return tuple(sentences)


def _value_changes(what: str, before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    names = [*before, *(name for name in after if name not in before)]
    sentences = []
    for name in names:
        if name not in after:
            sentences.append(f"{what} {name} was {before[name]} and is gone.")
        elif name not in before:
            sentences.append(f"{what} {name} is new: {after[name]}.")
        elif before[name] != after[name]:
            sentences.append(f"{what} {name} went from {before[name]} to {after[name]}.")
    return sentences


def _flat(nested: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in nested.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{name}.")
        else:
            flat[name] = list(value) if isinstance(value, tuple) else value
    return flat


def _channel_changes(before: Sequence[ChannelReport], after: Sequence[ChannelReport]) -> tuple[ChannelChange, ...]:
    old = {(entry.channel, entry.outcome): entry for entry in before}
    new = {(entry.channel, entry.outcome): entry for entry in after}
    keys = [*old, *(key for key in new if key not in old)]
    return tuple(_channel_change(key, old.get(key), new.get(key)) for key in keys)


def _channel_change(key: tuple[str, str], old: ChannelReport | None, new: ChannelReport | None) -> ChannelChange:
    channel, outcome = key
    if old is None or new is None:
        change = Change.ADDED if old is None else Change.REMOVED
        difference = in_sds = None
    else:
        difference = new.iroas.mean - old.iroas.mean
        in_sds = _in_joint_sds(difference, old.iroas, new.iroas)
        change = Change.REAL if abs(in_sds) > REAL_CHANGE_IN_SDS else Change.WITHIN_NOISE
    return ChannelChange(
        channel=channel,
        outcome=outcome,
        iroas_a=old.iroas if old else None,
        iroas_b=new.iroas if new else None,
        difference=difference,
        in_joint_sds=in_sds,
        change=change,
        verdict_a=old.verdict if old else None,
        verdict_b=new.verdict if new else None,
        sentence=_channel_sentence(channel, old, new, change),
    )


def _in_joint_sds(difference: float, old: Interval, new: Interval) -> float:
    joint = hypot(old.sd, new.sd)
    if joint > 0:
        return difference / joint
    return 0.0 if difference == 0 else float("inf") * difference


def _channel_sentence(channel: str, old: ChannelReport | None, new: ChannelReport | None, change: Change) -> str:
    if old is None and new is not None:
        return f"{channel} is new: iROAS {_interval(new.iroas)}, {_words(new.verdict)}."
    if old is not None and new is None:
        return f"{channel} is gone; its iROAS was {_interval(old.iroas)}."
    assert old is not None
    assert new is not None
    judged = "a real change" if change is Change.REAL else "within noise"
    sentence = f"{channel}: iROAS went from {_interval(old.iroas)} to {_interval(new.iroas)}, {judged}."
    if old.verdict is not new.verdict:
        sentence += f" Its verdict went from {_words(old.verdict)} to {_words(new.verdict)}."
    return sentence


def _summary(a: FittedModel, b: FittedModel, causes: Sequence[Cause], channels: Sequence[ChannelChange]) -> str:
    if a.provenance.model_id == b.provenance.model_id:
        return "Both are the same model."
    why = ", ".join(dict.fromkeys(cause.kind.value for cause in causes)) or "nothing that was recorded"
    real = [change.channel for change in channels if change.change is Change.REAL]
    moved = f"real changes of iROAS in {', '.join(real)}" if real else "every change of iROAS is within noise"
    sentence = f"What differs: {why}; {moved}."
    if a.report.status is not b.report.status:
        sentence += f" The model was {_words(a.report.status)} and is {_words(b.report.status)}."
    return sentence


def _interval(interval: Interval) -> str:
    return f"{interval.mean:.2f} ({interval.p5:.2f} to {interval.p95:.2f})"


def _words(value: Enum) -> str:
    return str(value.value).replace("_", " ")


def _channel_json(change: ChannelChange) -> dict[str, Any]:
    return asdict(change) | {
        "change": change.change.value,
        "verdict_a": change.verdict_a.value if change.verdict_a else None,
        "verdict_b": change.verdict_b.value if change.verdict_b else None,
    }

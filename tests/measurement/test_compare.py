"""What `compare_models` says of two models made by hand: same, other data, other priors, moved channels."""

import json
from dataclasses import replace

import numpy as np
import pytest

from measurement.compare import CauseKind, Change, ModelComparison, compare_models
from measurement.fitted import FittedModel, Provenance
from measurement.interval import Interval
from measurement.panel import Channel, Outcome, Panel
from measurement.report import Baseline, ChannelReport, Diagnostics, FitReport, ModelStatus, Verdict


def interval(mean: float, sd: float) -> Interval:
    return Interval(mean, sd, mean - 1.64 * sd, mean - 1.28 * sd, mean, mean + 1.28 * sd, mean + 1.64 * sd)


def entry(channel: str, mean: float, sd: float, verdict: Verdict = Verdict.MEASURED) -> ChannelReport:
    return ChannelReport(
        channel, "sales", 100.0, interval(mean, sd), interval(mean, sd), interval(mean, sd), interval(1, 1), verdict, ""
    )


def panel(weeks: int = 60, geos: tuple[str, ...] = ("north", "south")) -> Panel:
    shape = (len(geos), weeks)
    spend = np.arange(1.0, 2 * shape[0] * weeks + 1).reshape(*shape, 2)
    return Panel(
        dates=np.datetime64("2024-01-01") + 7 * np.arange(weeks),
        geos=geos,
        outcomes=(Outcome("sales"),),
        outcome_values=np.full((*shape, 1), 1000.0),
        channels=(Channel("amazon"), Channel("search")),
        spend=spend,
        exposure=spend.copy(),
        attributed_sales=np.full(spend.shape, np.nan),
        controls=(),
        control_values=np.zeros((*shape, 0)),
        population=np.ones(shape[0]),
    )


@pytest.fixture
def model() -> FittedModel:
    report = FitReport(
        ModelStatus.ACCEPTED,
        (),
        "2024-02-26",
        "2025-02-23",
        Diagnostics(1.0, 900, 900, 0, 30.0),
        Baseline(0.8, 0.0),
        (entry("amazon", 2.0, 0.3), entry("search", 1.0, 0.1)),
    )
    priors = {"channel": {"amazon": {"iroas": 1.2}, "search": {"iroas": 1.2}}}
    provenance = Provenance("aaaa", "data-1", 1, {"pymc": "5.28"}, priors, ("holdout-1",))
    return FittedModel(panel(), {}, report, provenance)


def changed(model: FittedModel, **provenance: object) -> FittedModel:
    return replace(model, provenance=replace(model.provenance, **({"model_id": "bbbb"} | provenance)))  # type: ignore[arg-type]


def sentences(comparison: ModelComparison, kind: CauseKind) -> list[str]:
    return [cause.sentence for cause in comparison.causes if cause.kind is kind]


def test_a_model_is_the_same_as_itself(model: FittedModel) -> None:
    comparison = compare_models(model, model)
    assert comparison.same
    assert comparison.causes == ()
    assert comparison.summary == "Both are the same model."
    assert [change.difference for change in comparison.channels] == [0.0, 0.0]


def test_weeks_and_geos_that_came_and_went_are_named(model: FittedModel) -> None:
    later = replace(changed(model, data_hash="data-2"), panel=panel(62, ("north", "west")))
    told = sentences(compare_models(model, later), CauseKind.DATA)
    assert told[:3] == [
        "2 periods (2025-02-24 to 2025-03-03) added.",
        "Geos added: west.",
        "Geos no longer in the panel: south.",
    ]
    back = sentences(compare_models(later, model), CauseKind.DATA)
    assert back[0] == "2 periods (2025-02-24 to 2025-03-03) no longer in the panel."


def test_a_restated_value_is_found_with_its_place(model: FittedModel) -> None:
    restated = panel()
    restated.outcome_values[1, 7, 0] = 1120.0
    comparison = compare_models(model, replace(changed(model, data_hash="data-2"), panel=restated))
    assert sentences(comparison, CauseKind.DATA) == [
        "Outcome sales differs in 1 of 120 shared cells, first on 2024-02-19 in south, +0.1 % in all."
    ]


def test_changed_data_without_a_visible_change_is_said(model: FittedModel) -> None:
    assert sentences(compare_models(model, changed(model, data_hash="data-2")), CauseKind.DATA) == [
        "The data differ in what values do not show."
    ]


def test_priors_versions_seed_and_experiments_are_causes(model: FittedModel) -> None:
    priors = {"channel": {"amazon": {"iroas": 3.0}, "search": {"iroas": 1.2, "new": 1}}}
    other = changed(model, priors=priors, versions={"pymc": "5.29"}, seed=2, experiments=("holdout-2",))
    comparison = compare_models(model, other)
    assert sentences(comparison, CauseKind.PRIORS) == [
        "Prior channel.amazon.iroas went from 1.2 to 3.0.",
        "Prior channel.search.new is new: 1.",
    ]
    assert sentences(comparison, CauseKind.VERSIONS) == ["Version of pymc went from 5.28 to 5.29."]
    assert sentences(comparison, CauseKind.SEED) == ["The seed went from 1 to 2."]
    assert sentences(comparison, CauseKind.EXPERIMENTS) == [
        "Experiments added: holdout-2.",
        "Experiments no longer used: holdout-1.",
    ]
    assert comparison.summary.startswith("What differs: experiments, priors, versions, seed;")


def test_a_change_is_judged_against_the_joint_spread(model: FittedModel) -> None:
    entries = (entry("amazon", 2.5, 0.4, Verdict.WEAK), entry("search", 1.5, 0.1))
    other = replace(changed(model), report=replace(model.report, channels=entries))
    amazon, search = compare_models(model, other).channels
    assert amazon.difference == pytest.approx(0.5)
    assert amazon.in_joint_sds == pytest.approx(0.5 / 0.5)
    assert amazon.change is Change.WITHIN_NOISE
    assert amazon.sentence.endswith("within noise. Its verdict went from measured to weak.")
    assert search.in_joint_sds == pytest.approx(0.5 / np.hypot(0.1, 0.1))
    assert search.change is Change.REAL
    assert search.sentence == "search: iROAS went from 1.00 (0.84 to 1.16) to 1.50 (1.34 to 1.66), a real change."


def test_channels_that_came_or_went_have_one_side(model: FittedModel) -> None:
    entries = (model.report.channels[0], entry("video", 0.7, 0.2))
    comparison = compare_models(model, replace(changed(model), report=replace(model.report, channels=entries)))
    assert [change.change for change in comparison.channels] == [Change.WITHIN_NOISE, Change.REMOVED, Change.ADDED]
    assert comparison.channels[1].iroas_b is None
    assert comparison.channels[2].sentence == "video is new: iROAS 0.70 (0.37 to 1.03), measured."


def test_a_changed_status_is_in_the_summary(model: FittedModel) -> None:
    refused = replace(changed(model, seed=2), report=replace(model.report, status=ModelStatus.REFUSED))
    assert compare_models(model, refused).summary.endswith("The model was accepted and is refused.")


def test_json_carries_names_not_objects(model: FittedModel) -> None:
    text = json.dumps(compare_models(model, changed(model, seed=2)).to_json())
    told = json.loads(text)
    assert told["causes"] == [{"kind": "seed", "sentence": "The seed went from 1 to 2."}]
    assert told["channels"][0]["verdict_a"] == "measured"
    assert told["channels"][0]["change"] == "within_noise"
    assert set(told["channels"][0]["iroas_a"]) == {"mean", "sd", "p5", "p10", "p50", "p90", "p95"}

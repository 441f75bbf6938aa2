"""Whole fits of small simulated advertisers: near the truth, repeatable, honest about what cannot be known."""

from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from measurement import fit
from measurement.errors import ModelRefused, PanelError
from measurement.experiments import Experiment
from measurement.fit import FitSettings, fit_model
from measurement.fitted import FitProgress, FittedModel
from measurement.inference import Posterior, SamplerSettings, sample_posterior
from measurement.panel import Frequency, panel_hash
from measurement.posterior import response_curves, weekly_contributions
from measurement.preparation import ModelInputs, prepare
from measurement.priors import Priors
from measurement.report import Diagnostics, ModelStatus, Verdict
from measurement.sampling_progress import Progress
from measurement.simulate import World, WorldKind, WorldSpec, add_holdout, simulate

SHORT = SamplerSettings(chains=2, tune=150, draws=200)


@pytest.fixture(scope="module")
def world() -> World:
    """One of the three channels never varies."""
    return simulate(WorldSpec(WorldKind.CONSTANT, geos=8, weeks=62, channels=3, seed=5))


@pytest.fixture(scope="module")
def told() -> list[FitProgress]:
    return []


@pytest.fixture(scope="module")
def fitted(world: World, told: list[FitProgress]) -> FittedModel:
    with pytest.MonkeyPatch.context() as patch:
        # Short chains are enough to look at; asking for more draws has a test of its own.
        patch.setattr(fit, "has_converged", lambda *_: True)
        return fit_model(world.panel, FitSettings(seed=3, warnings=("read",), sampler=SHORT), told.append)


def varying(world: World) -> list[int]:
    return [index for index, name in enumerate(world.channels) if name not in world.marked_channels]


def test_incremental_sales_lie_near_the_truth(world: World, fitted: FittedModel) -> None:
    truth = world.incremental_last_52_weeks
    learnt = []
    for index in varying(world):
        entry = fitted.report.channels[index]
        assert abs(entry.incremental.mean - truth[index]) < 3.5 * entry.incremental.sd
        assert 0.35 < entry.incremental.mean / truth[index] < 2.5
        learnt.append(1 - entry.iroas.sd / entry.prior_iroas.sd)
    assert min(learnt) > 0
    assert max(learnt) > 0.5
    sharpest = varying(world)[int(np.argmax(learnt))]
    assert fitted.report.channels[sharpest].incremental.mean == pytest.approx(truth[sharpest], rel=0.3)
    total = truth[varying(world)].sum()
    assert fitted.draws["incremental"][:, varying(world)].sum(axis=1).mean() == pytest.approx(total, rel=0.6)


def test_the_sampler_reaches_the_posterior(fitted: FittedModel) -> None:
    found = fitted.report.diagnostics
    assert found.rhat_max < 1.1
    assert found.ess_bulk_min > 30
    assert found.divergences < 0.05 * 400
    assert 0.75 < fitted.draws["inside"].mean() < 0.99


def test_the_channel_that_never_varies_is_not_measurable(world: World, fitted: FittedModel) -> None:
    verdicts = {entry.channel: entry.verdict for entry in fitted.report.channels}
    assert {verdicts[name] for name in world.marked_channels} == {Verdict.NOT_MEASURABLE}
    assert any(verdicts[world.channels[index]] is not Verdict.NOT_MEASURABLE for index in varying(world))
    assert fitted.report.status is not ModelStatus.ACCEPTED
    assert any(name in reason for name in world.marked_channels for reason in fitted.report.reasons)


def test_the_report_has_the_public_keys(world: World, fitted: FittedModel) -> None:
    content = fitted.report.to_json()
    of_tests = {"experiments", "iroas_before_experiments"}
    assert set(content) == {"status", "reasons", "window", "diagnostics", "baseline", "channels"} | of_tests
    assert not any(content[name] for name in of_tests)
    assert content["window"] == {"start": str(world.panel.dates[-52]), "end": str(world.panel.dates[-1] + 6)}
    keys = {"rhat_max", "ess_bulk_min", "ess_tail_min", "divergences", "seconds"}
    assert set(content["diagnostics"]) == keys
    assert set(content["baseline"]) == {"share", "probability_negative"}
    assert [entry["channel"] for entry in content["channels"]] == list(world.channels)
    for entry in content["channels"]:
        required = {"channel", "outcome", "spend", "incremental", "iroas", "marginal_iroas", "verdict", "reason"}
        assert required <= set(entry)
        for name in ("incremental", "iroas", "marginal_iroas"):
            assert set(entry[name]) == {"mean", "sd", "p5", "p10", "p50", "p90", "p95"}
        assert entry["incremental"]["mean"] == pytest.approx(entry["iroas"]["mean"] * entry["spend"], rel=1e-9)


def test_the_baseline_is_what_advertising_did_not_cause(world: World, fitted: FittedModel) -> None:
    caused = sum(entry.incremental.mean for entry in fitted.report.channels)
    sales = world.panel.sales[:, -52:].sum()
    assert fitted.report.baseline.share == pytest.approx(1 - caused / sales, rel=1e-9)
    weekly = weekly_contributions(fitted)
    window = weekly.baseline[-52:].sum() + weekly.mean[-52:].sum()
    assert window == pytest.approx(sales, rel=0.03)


def test_a_fitted_model_carries_panel_draws_and_provenance(world: World, fitted: FittedModel) -> None:
    assert panel_hash(fitted.panel) == fitted.provenance.data_hash == panel_hash(world.panel)
    assert fitted.provenance.seed == 3
    assert fitted.provenance.versions.keys() >= {"numpy", "pymc", "nutpie", "jax"}
    assert fitted.warnings == ("read",)
    assert {len(values) for values in fitted.draws.values()} == {400}
    for values in fitted.draws.values():
        np.testing.assert_array_equal(values, values.astype(np.float32))
    curves = response_curves(fitted, 13)
    assert np.isfinite(curves.incremental).all()
    assert curves.model_id == fitted.provenance.model_id


def test_progress_is_told_to_its_end(told: list[FitProgress], fitted: FittedModel) -> None:
    assert fitted.report.channels
    assert told[0].stage == "compiling"
    assert told[0].draws_total == 2 * 350
    done = [each.draws_done for each in told]
    assert done == sorted(done)
    assert 0 < done[-1] <= 2 * 350


def test_the_same_seed_gives_the_same_draws_however_many_processes(world: World, fitted: FittedModel) -> None:
    """The first of the fit's two chains, sampled again by itself, is the same to the last stored bit."""
    panel, alone = world.panel, replace(SHORT, chains=1, processes=1)
    again = sample_posterior(prepare(panel, Priors()), Priors(), panel.channel_names, alone, seed=3)
    assert again.draws.keys() == fitted.draws.keys()
    for name, values in again.draws.items():
        stored = fitted.draws[name].reshape(2, SHORT.draws, *values.shape[2:])
        np.testing.assert_array_equal(values[0].astype(np.float32), stored[0], err_msg=name)
    assert not np.array_equal(fitted.draws["rho"][: SHORT.draws], fitted.draws["rho"][SHORT.draws :])


def test_a_national_series_is_fitted_and_says_what_it_rests_on() -> None:
    national = simulate(WorldSpec(WorldKind.PLAIN, geos=1, weeks=80, channels=3, seed=5))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "has_converged", lambda *_: True)
        model = fit_model(
            national.panel, FitSettings(seed=1, sampler=SamplerSettings(chains=2, tune=150, draws=150, processes=1))
        )
    assert all(np.isfinite(values).all() for values in model.draws.values())
    assert model.draws["geo_effect"].shape == (300, 3, 1)
    assert (model.draws["geo_effect"] == 1).all()
    for entry in model.report.channels:
        assert entry.verdict is Verdict.NOT_MEASURABLE or "one series" in entry.reason


class Recorded:
    """Stands in for the sampler: notes what it was asked for, and returns the posterior it was given."""

    def __init__(self, posterior: Posterior) -> None:
        self.posterior = posterior
        self.asked: list[SamplerSettings] = []
        self.seeds: list[int] = []

    def __call__(
        self,
        inputs: ModelInputs,
        priors: Priors,
        channels: tuple[str, ...],
        settings: SamplerSettings,
        seed: int,
        progress: Progress | None = None,
    ) -> Posterior:
        self.asked.append(settings)
        self.seeds.append(seed)
        return self.posterior


@pytest.fixture
def recorded(unfitted_model: FittedModel) -> Recorded:
    """Draws of four chains; they come from the prior and mix perfectly, but there are too few of them."""
    draws = {name: values.reshape(4, 15, *values.shape[1:]) for name, values in unfitted_model.draws.items()}
    return Recorded(Posterior(draws, 0, 7.0))


def test_chains_that_have_not_converged_are_joined_by_others_of_new_seeds(
    recorded: Recorded, unfitted_model: FittedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "sample_posterior", recorded)
    model = fit_model(unfitted_model.panel)
    assert len(recorded.asked) == fit.ROUNDS
    assert len(set(recorded.seeds)) == fit.ROUNDS
    assert model.report.status is ModelStatus.REFUSED
    assert any("Too few effective draws" in reason for reason in model.report.reasons)


def test_draws_that_are_not_finite_are_a_refusal(
    recorded: Recorded, unfitted_model: FittedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    rho = recorded.posterior.draws["rho"].copy()
    rho[0, 0] = np.nan
    recorded.posterior = replace(recorded.posterior, draws=recorded.posterior.draws | {"rho": rho})
    monkeypatch.setattr(fit, "sample_posterior", recorded)
    with pytest.raises(ModelRefused, match="not finite"):
        fit_model(unfitted_model.panel)


def test_chains_that_have_converged_are_sampled_once(
    recorded: Recorded, unfitted_model: FittedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = Diagnostics(1.001, 900.0, 900.0, 0, 1.0)
    monkeypatch.setattr(fit, "sample_posterior", recorded)
    monkeypatch.setattr(fit, "convergence", lambda *_: good)
    assert fit_model(unfitted_model.panel).report.diagnostics == good
    assert len(recorded.asked) == 1


def test_the_model_id_follows_data_seed_and_priors(
    recorded: Recorded, unfitted_model: FittedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "sample_posterior", recorded)
    panel = unfitted_model.panel
    base = fit_model(panel).provenance.model_id
    assert fit_model(panel).provenance.model_id == base
    assert fit_model(panel, FitSettings(seed=1)).provenance.model_id != base
    other_priors = Priors(default=replace(Priors().default, drift=0.01))
    assert fit_model(panel, FitSettings(priors=other_priors)).provenance.model_id != base
    more_sales = replace(panel, outcome_values=panel.outcome_values * 1.01)
    assert fit_model(more_sales).provenance.model_id != base


def test_a_daily_panel_with_less_than_a_week_is_refused(unfitted_model: FittedModel) -> None:
    panel = unfitted_model.panel
    names = ("outcome_values", "spend", "exposure", "attributed_sales", "control_values")
    cut = {name: getattr(panel, name)[:, :5] for name in names}
    days = panel.dates[0] + np.arange(5)
    with pytest.raises(PanelError, match="not one whole week"):
        fit_model(replace(panel, dates=cast(np.ndarray, days), frequency=Frequency.DAILY, **cut))


def test_a_finished_test_narrows_its_channel_and_is_held_against_the_panel() -> None:
    """The lift is the true one, told with a small error; the constant channel could not be told without it."""
    plain_world = simulate(WorldSpec(WorldKind.CONSTANT, geos=8, weeks=62, channels=3, seed=5))
    marked = plain_world.marked_channels[0]
    world = add_holdout(plain_world, marked)
    found = world.experiments[0]
    sure = Experiment(
        found.name,
        (marked,),
        "sales",
        found.start,
        found.end,
        found.cooldown_end,
        found.geos,
        found.spend_change,
        found.true_lift,
        abs(found.true_lift) / 8,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "has_converged", lambda *_: True)
        report = fit_model(world.panel, FitSettings(seed=3, sampler=SHORT, tests=(sure,))).report
    index = world.channels.index(marked)
    after, before = report.channels[index].iroas, report.iroas_before_experiments[index]
    assert after.p95 - after.p5 < 0.8 * (before.p95 - before.p5)
    assert after.p5 < world.iroas[index] < after.p95
    (learnt,) = report.experiments
    assert learnt.expected_after.sd < learnt.expected_before.sd
    assert learnt.expected_after.mean == pytest.approx(found.true_lift, rel=0.35)
    assert report.to_json()["experiments"][0]["name"] == found.name

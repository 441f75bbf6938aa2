"""Claimed against incremental sales: on made-up panels whose truth is known, and on simulated advertisers."""

from dataclasses import replace

import numpy as np
import pytest

from measurement.claims import (
    ELASTICITY_PRIOR,
    channel_claims,
    claims_elasticity,
    known_weeks,
    marginal_ratio_at,
)
from measurement.fitted import FittedModel
from measurement.posterior import current_spend, marginal_iroas
from measurement.simulate import World, WorldKind, WorldSpec, simulate


@pytest.fixture
def claimed(unfitted_model: FittedModel) -> FittedModel:
    """Every channel claims thrice what it spends, whatever it spends."""
    panel = unfitted_model.panel
    return replace(unfitted_model, panel=replace(panel, attributed_sales=3.0 * panel.spend))


@pytest.fixture
def unclaimed(unfitted_model: FittedModel) -> FittedModel:
    """No platform's claims are known."""
    nothing = np.full_like(unfitted_model.panel.spend, np.nan)
    return replace(unfitted_model, panel=replace(unfitted_model.panel, attributed_sales=nothing))


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(WorldSpec(WorldKind.PLAIN, geos=20, weeks=104, seed=5))


def test_the_ratio_is_incremental_over_claimed_sales(claimed: FittedModel) -> None:
    spend = claimed.panel.spend[:, -52:].sum(axis=(0, 1))
    for index, found in enumerate(channel_claims(claimed)):
        assert found is not None
        assert (found.channel, found.weeks) == (claimed.panel.channel_names[index], 52)
        assert found.attributed == pytest.approx(3.0 * spend[index])
        np.testing.assert_allclose(
            found.ratio, claimed.draws["incremental"][:, index] / (3.0 * spend[index]), rtol=1e-5
        )


def test_claims_that_grow_as_spend_does_leave_the_marginal_iroas_over_the_claimed_roas(claimed: FittedModel) -> None:
    marginal = marginal_iroas(claimed.panel, claimed.draws)
    for index, found in enumerate(channel_claims(claimed)):
        assert found is not None
        assert found.elasticity.mean() == pytest.approx(1.0, abs=0.03)
        np.testing.assert_allclose(found.marginal_ratio, marginal[:, index] / (3.0 * found.elasticity), rtol=1e-9)


def test_channels_without_claims_say_so(unclaimed: FittedModel, claimed: FittedModel) -> None:
    assert channel_claims(unclaimed) == (None, None, None)
    attributed = claimed.panel.attributed_sales.copy()
    attributed[:, :, 1] = np.nan
    attributed[:, :-3, 2] = np.nan
    found = channel_claims(replace(claimed, panel=replace(claimed.panel, attributed_sales=attributed)))
    assert [each is None for each in found] == [False, True, True]


def test_weeks_whose_claims_are_missing_in_a_geo_that_spent_do_not_count(claimed: FittedModel) -> None:
    attributed, spend = claimed.panel.attributed_sales.copy(), claimed.panel.spend.copy()
    attributed[0, -10:, 0] = np.nan
    spend[0, -5:, 0] = 0.0
    panel = replace(claimed.panel, attributed_sales=attributed, spend=spend, exposure=spend)
    known = known_weeks(panel, 0)
    assert known.sum() == 47
    assert not known[-10:-5].any()
    found = channel_claims(replace(claimed, panel=panel))[0]
    assert found is not None
    assert found.attributed == pytest.approx(attributed[:, known, 0][~np.isnan(attributed[:, known, 0])].sum())


def test_at_another_spend_the_ratio_follows_curve_and_claims(claimed: FittedModel) -> None:
    today = current_spend(claimed.panel, 13)[1]
    found = channel_claims(claimed)[1]
    assert found is not None
    np.testing.assert_allclose(marginal_ratio_at(claimed, 1, today, 13), found.marginal_ratio, rtol=1e-6)
    assert marginal_ratio_at(claimed, 1, 3 * today, 13).mean() < found.marginal_ratio.mean()


def test_without_claims_there_is_no_ratio(unclaimed: FittedModel) -> None:
    with pytest.raises(ValueError, match="no claims are known"):
        marginal_ratio_at(unclaimed, 0, 1.0, 13)


@pytest.mark.parametrize("seed", range(4))
def test_elasticity_is_found_within_its_uncertainty(seed: int) -> None:
    world = simulate(WorldSpec(WorldKind.PLAIN, geos=20, weeks=104, seed=seed))
    for index, truth in enumerate(world.claims):
        draws = claims_elasticity(world.panel, index, 500)
        assert abs(draws.mean() - truth.elasticity) < 2.5 * draws.std()
        assert draws.std() < ELASTICITY_PRIOR[1]


def test_one_series_without_claims_to_learn_from_keeps_the_prior(world: World) -> None:
    nothing = replace(world.panel, attributed_sales=np.full_like(world.panel.spend, np.nan))
    assert claims_elasticity(nothing, 0, 4000).mean() == pytest.approx(ELASTICITY_PRIOR[0], abs=0.01)


def test_simulated_platforms_claim_with_known_truth(world: World) -> None:
    share, marginal = world.claimed_share()
    claimed = world.panel.attributed_sales[:, -52:].sum(axis=(0, 1))
    np.testing.assert_allclose(share, world.incremental_last_52_weeks / claimed)
    assert 0.09 < share[0] < 0.46
    assert ((share > 0.09) & (share < 1.9)).all()
    assert (marginal > 0).all()
    assert (world.panel.attributed_sales[world.panel.spend <= 0] == 0).all()


def test_the_true_contributions_and_claims_give_the_true_ratio(world: World, unfitted_model: FittedModel) -> None:
    """With a posterior that is the truth, the ratio on average is the simulator's."""
    channels = len(world.channels)
    shapes = {name: values[:1] for name, values in unfitted_model.draws.items()}
    contribution = world.weekly_contributions.sum(axis=0).T[None]
    draws = {name: np.repeat(values[:, :1], channels, axis=1) for name, values in shapes.items() if values.ndim == 2}
    draws["geo_effect"] = np.ones((1, channels, len(world.panel.geos)))
    model = replace(unfitted_model, panel=world.panel, draws=draws | {"contribution": contribution})
    found = [each.ratio[0] for each in channel_claims(model) if each is not None]
    np.testing.assert_allclose(found, world.claimed_share()[0], rtol=1e-9)

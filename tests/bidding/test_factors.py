"""Incremental shares from a model with claims, from reports, from a statement, or from nowhere."""

from dataclasses import replace

import numpy as np
import pytest

from bidding.account import Account, AccountChannel
from bidding.factors import PlannedSpend, factors_of
from bidding.outlook import Trust
from bidding.snapshot import Platform
from measurement.claims import channel_claims
from measurement.fitted import FittedModel
from measurement.posterior import current_spend
from measurement.report import Verdict
from tests.measurement.conftest import prior_draws, unfitted_model

__all__ = ["prior_draws", "unfitted_model"]


def account_of(*channels: AccountChannel) -> Account:
    return Account("acme", "USD", "US", "UTC", channels)


def judged(model: FittedModel, verdict: Verdict) -> FittedModel:
    entries = tuple(replace(entry, verdict=verdict) for entry in model.report.channels)
    return replace(model, report=replace(model.report, channels=entries))


def today_of(model: FittedModel) -> np.datetime64:
    return np.datetime64(model.panel.dates[-1] + np.timedelta64(10, "D"))


SOCIAL = AccountChannel("social", Platform.META)


def test_a_measured_channel_brings_its_marginal_share_as_draws(unfitted_model: FittedModel) -> None:
    model = judged(unfitted_model, Verdict.MEASURED)
    found = factors_of(account_of(SOCIAL), today_of(model), model)
    claims = channel_claims(model)[model.panel.channel_names.index("social")]
    assert claims is not None
    assert len(found) == 1
    np.testing.assert_allclose(found[0].draws, np.clip(claims.marginal_ratio, 0, 3), rtol=1e-6)
    assert found[0].trust(today_of(model)) is Trust.TRUSTED
    late = today_of(model) + np.timedelta64(7 * 30, "D")
    assert found[0].trust(late) is Trust.FACTOR_EXPIRED


def test_a_larger_plan_has_a_smaller_share(unfitted_model: FittedModel) -> None:
    model = judged(unfitted_model, Verdict.MEASURED)
    today = current_spend(model.panel, 13)[model.panel.channel_names.index("social")]
    shares = [
        factors_of(account_of(SOCIAL), today_of(model), model, PlannedSpend({"social": times * today}, 13))[0].share
        for times in (0.5, 1.0, 2.0)
    ]
    assert shares[0] > shares[1] > shares[2]


def test_weak_channels_keep_their_share_and_lose_their_voice(unfitted_model: FittedModel) -> None:
    model = judged(unfitted_model, Verdict.WEAK)
    found = factors_of(account_of(replace(SOCIAL, incremental_share=0.4)), today_of(model), model)[0]
    assert not found.stated
    assert found.trust(today_of(model)) is Trust.CHANNEL_WEAK


@pytest.mark.parametrize("late", [False, True])
def test_a_stated_share_steps_in_where_no_model_tells(late: bool, unfitted_model: FittedModel) -> None:
    model = judged(unfitted_model, Verdict.MEASURED if late else Verdict.NOT_MEASURABLE)
    today = today_of(model) + np.timedelta64(400 if late else 0, "D")
    stated = factors_of(account_of(replace(SOCIAL, incremental_share=0.4)), today, model)[0]
    assert stated.trust(today) is Trust.FACTOR_STATED
    assert stated.share == pytest.approx(0.4, rel=0.01)
    unstated = factors_of(account_of(SOCIAL), today, model)[0]
    assert unstated.trust(today) is (Trust.FACTOR_EXPIRED if late else Trust.CHANNEL_NOT_MEASURABLE)


def test_reports_can_stand_in_for_claims_in_the_panel(unfitted_model: FittedModel) -> None:
    panel = replace(unfitted_model.panel, attributed_sales=np.full_like(unfitted_model.panel.spend, np.nan))
    model = judged(replace(unfitted_model, panel=panel), Verdict.MEASURED)
    high, low = (
        factors_of(account_of(SOCIAL), today_of(model), model, reported_roas={("social", None): roas})[0]
        for roas in (20.0, 40.0)
    )
    assert high.trust(today_of(model)) is Trust.TRUSTED
    assert high.share == pytest.approx(2 * low.share, rel=0.02)
    assert factors_of(account_of(SOCIAL), today_of(model), model)[0].verdict is None


def test_nothing_known_is_a_wide_share_that_raises_no_bid() -> None:
    today = np.datetime64("2026-01-01")
    found = factors_of(account_of(SOCIAL), today)[0]
    assert found.trust(today) is Trust.CHANNEL_NOT_MEASURABLE
    assert 0.2 < found.share_sd < 0.4


def test_branded_and_generic_channels_serve_one_channel_of_the_account(unfitted_model: FittedModel) -> None:
    names = ("amazon_brand", "amazon_generic", *unfitted_model.panel.channel_names[2:])
    channels = tuple(
        replace(channel, name=name) for channel, name in zip(unfitted_model.panel.channels, names, strict=True)
    )
    entries = tuple(
        replace(entry, channel=name, verdict=Verdict.MEASURED)
        for entry, name in zip(unfitted_model.report.channels, names, strict=True)
    )
    model = replace(
        unfitted_model,
        panel=replace(unfitted_model.panel, channels=channels),
        report=replace(unfitted_model.report, channels=entries),
    )
    found = factors_of(account_of(AccountChannel("amazon", Platform.AMAZON)), today_of(model), model)
    assert [each.branded for each in found] == [True, False]
    assert found[0].share != found[1].share

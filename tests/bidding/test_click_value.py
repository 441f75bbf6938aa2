"""What a click sells, against drawn rates, order values and delays; switches, shares and refusals."""

from dataclasses import replace

import numpy as np
import pytest

from bidding.account import Account
from bidding.click_value import ValueParts, learn_parts, may_rise, value_clicks
from bidding.errors import BidError
from bidding.factors import Factor, factors_of
from bidding.outlook import ClickValues, Trust
from measurement.report import Verdict
from tests.bidding.build_snapshot import TODAY, Built, Size, build

WEEK = np.timedelta64(7, "D")


@pytest.fixture(scope="module")
def built() -> Built:
    return build(Size(campaigns=40, ad_groups=5, targets=10, clicks_per_day=2, seed=3))


@pytest.fixture(scope="module")
def parts(built: Built) -> ValueParts:
    return learn_parts(built.snapshot, built.account)


@pytest.fixture(scope="module")
def values(built: Built, parts: ValueParts) -> ClickValues:
    return value_clicks(built.snapshot, built.account, factors_of(built.account, TODAY), parts)


def factor(share: float, verdict: Verdict | None = Verdict.MEASURED, branded: bool | None = None) -> Factor:
    draws = np.linspace(0.8 * share, 1.2 * share, 101)
    return Factor("amazon", branded, draws, verdict, False, TODAY - 10 * WEEK, TODAY + 16 * WEEK, "test")


def with_channel(account: Account, **changes: object) -> Account:
    return replace(account, channels=(replace(account.channels[0], **changes),))  # type: ignore[arg-type]


def test_immature_orders_do_not_pull_rates_down(built: Built, values: ClickValues) -> None:
    rows = built.snapshot.performance
    claimed = rows.orders.sum() / rows.clicks.sum()
    clicks = np.bincount(rows.target, weights=rows.clicks, minlength=len(built.truth.rate))
    true = (clicks * built.truth.rate).sum() / clicks.sum()
    found = (clicks * values.conversion_rate).sum() / clicks.sum()
    assert claimed < 0.97 * true
    assert found == pytest.approx(true, rel=0.02)


def test_rates_and_order_values_lie_within_their_uncertainty(
    built: Built, values: ClickValues, parts: ValueParts
) -> None:
    off = (built.truth.rate - values.conversion_rate) / values.conversion_rate_sd
    assert 0.78 < (np.abs(off) < 1.2816).mean() < 0.9
    assert abs(off.mean()) < 0.12
    worth = (built.truth.order_value / values.order_value - 1) / np.sqrt(parts.order_value.relative_variance)
    assert 0.72 < (np.abs(worth) < 1.2816).mean() < 0.86
    sales = built.truth.rate * built.truth.order_value
    naive_error = ((sales.mean() - sales) ** 2).mean()
    assert ((values.attributed - sales) ** 2).mean() < 0.65 * naive_error


def test_what_counts_is_attributed_sales_times_share_times_margin(values: ClickValues) -> None:
    np.testing.assert_allclose(values.attributed, values.conversion_rate * values.order_value)
    np.testing.assert_allclose(values.incremental, 0.5 * values.attributed, rtol=1e-3)
    np.testing.assert_allclose(values.profit, 0.3 * values.incremental)
    assert (values.incremental_sd / values.incremental > values.attributed_sd / values.attributed).all()
    assert (values.trust == Trust.FACTOR_STATED).all()
    assert may_rise(values).all()


def test_halo_and_new_to_brand_are_switches(built: Built, parts: ValueParts, values: ClickValues) -> None:
    strict = with_channel(built.account, value_halo=False)
    without = value_clicks(built.snapshot, strict, [factor(0.5)], parts)
    np.testing.assert_allclose(without.incremental, 0.9 * 0.5 * values.attributed, rtol=1e-9)
    keen = with_channel(built.account, value_new_to_brand=1.4)
    more = value_clicks(built.snapshot, keen, [factor(0.5)], parts)
    np.testing.assert_allclose(more.profit, 1.1 * 0.3 * more.incremental, rtol=1e-9)


def test_platforms_that_do_not_tell_new_to_brand_change_nothing(built: Built, parts: ValueParts) -> None:
    silent = replace(
        built.snapshot.performance,
        new_to_brand_sales=np.full(len(built.snapshot.performance), np.nan),
    )
    keen = with_channel(built.account, value_new_to_brand=1.4)
    found = value_clicks(replace(built.snapshot, performance=silent), keen, [factor(0.5)], parts)
    np.testing.assert_allclose(found.profit, 0.3 * found.incremental)


def test_branded_targets_have_a_share_of_their_own(built: Built, parts: ValueParts) -> None:
    branded = np.arange(len(built.snapshot.targets)) % 2 == 0
    snapshot = replace(built.snapshot, targets=replace(built.snapshot.targets, branded=branded))
    found = value_clicks(snapshot, built.account, [factor(0.2, branded=True), factor(0.6, branded=False)], parts)
    np.testing.assert_allclose(found.share, np.where(branded, 0.2, 0.6))


@pytest.mark.parametrize(
    ("given", "trust"),
    [
        (factor(0.5), Trust.TRUSTED),
        (factor(0.5, Verdict.WEAK), Trust.CHANNEL_WEAK),
        (factor(0.5, Verdict.NOT_MEASURABLE), Trust.CHANNEL_NOT_MEASURABLE),
        (replace(factor(0.5), expires_on=TODAY - np.timedelta64(1, "D")), Trust.FACTOR_EXPIRED),
    ],
)
def test_only_measured_and_fresh_factors_raise_bids(
    given: Factor, trust: Trust, built: Built, parts: ValueParts
) -> None:
    found = value_clicks(built.snapshot, built.account, [given], parts)
    assert (found.trust == trust).all()
    assert may_rise(found).all() == (trust is Trust.TRUSTED)


def test_a_channel_without_share_or_account_is_refused(built: Built, parts: ValueParts) -> None:
    with pytest.raises(BidError, match="no incremental share"):
        value_clicks(built.snapshot, built.account, [], parts)
    with pytest.raises(BidError, match=r"not in account\.toml"):
        value_clicks(built.snapshot, replace(built.account, channels=()), [], parts)

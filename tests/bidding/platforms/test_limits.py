"""Limits against the platforms' published figures, rounding against exact arithmetic."""

import csv
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bidding.errors import BidError
from bidding.platforms.limits import PlatformLimits, limits_of
from bidding.platforms.rounding import in_steps, keeps, round_bid, round_budget, text_of_steps
from bidding.snapshot import Platform

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no failure."""
PUBLISHED = Path(__file__).resolve().parents[4] / "shared" / "data" / "bidding"
PRODUCTS = {"sp": "SP", "sd_cpc": "SD", "sb_cpc_image": "SB", "sbv_cpc_video": "SBV"}
LIMITS = (
    limits_of(Platform.AMAZON, "US"),
    limits_of(Platform.AMAZON, "JP"),
    limits_of(Platform.AMAZON, "MX", "SB"),
    limits_of(Platform.WALMART, "US", "SV"),
    limits_of(Platform.MICROSOFT, "IN"),
    limits_of(Platform.GOOGLE, "US"),
)


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published tables are not beside the project")
def test_amazons_bids_are_those_published() -> None:
    with (PUBLISHED / "bid_limits_by_marketplace.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["product"] in PRODUCTS]
    seen = set()
    for row in rows:
        key = row["marketplace"], row["product"]
        if key in seen:
            continue  # The second set of US rows contradicts the first; the documentation has the first.
        seen.add(key)
        limits = limits_of(Platform.AMAZON, row["marketplace"], PRODUCTS[row["product"]])
        assert (limits.min_bid, limits.max_bid) == (Decimal(row["min_bid"]), Decimal(row["max_bid"]))
    assert len(seen) > 80


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published tables are not beside the project")
def test_amazons_budgets_are_never_wider_than_published() -> None:
    with (PUBLISHED / "budget_limits_by_marketplace.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["marketplace"] != "CN"]
    names = {"Sponsored Products": "SP", "Sponsored Brands": "SB", "Sponsored Display": "SD"}
    for row in rows:
        limits = limits_of(Platform.AMAZON, row["marketplace"], names[row["ad_product"]])
        assert limits.min_daily_budget >= Decimal(row["min_daily"])
        assert limits.max_daily_budget <= Decimal(row["max_daily"])


def test_other_platforms() -> None:
    bids = [limits_of(Platform.WALMART, "US", product).min_bid for product in ("SP", "AUTO", "SB", "SV")]
    assert bids == [Decimal(text) for text in ("0.30", "0.20", "1.00", "1.30")]
    assert limits_of(Platform.WALMART, "US").max_bid == 100
    assert limits_of(Platform.MICROSOFT, "US").min_bid == Decimal("0.05")
    assert limits_of(Platform.MICROSOFT, "IN").max_bid == 60000
    assert limits_of(Platform.GOOGLE, "JP").step == 1
    assert limits_of(Platform.AMAZON, "GB") == limits_of(Platform.AMAZON, "UK")


def test_what_is_not_known_is_an_error() -> None:
    with pytest.raises(BidError, match="unknown marketplace"):
        limits_of(Platform.AMAZON, "ZZ")
    with pytest.raises(BidError, match="no bid limits are known for SD in IE"):
        limits_of(Platform.AMAZON, "IE", "SD")
    with pytest.raises(BidError, match="unknown product of Walmart"):
        limits_of(Platform.WALMART, "US", "TV")


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("0.745", "0.74"), ("0.746", "0.75"), (0.1 + 0.2, "0.30"), ("0.001", "0.02"), (1e6, "1000.00"), ("0.75", "0.75")],
)
def test_known_roundings(value, rounded: str) -> None:
    assert format(round_bid(value, LIMITS[0]), "f") == rounded


def test_yen_have_no_fraction_and_budgets_round_down() -> None:
    assert format(round_bid("17.8", LIMITS[1]), "f") == "18"
    assert format(round_budget("20.999", LIMITS[0]), "f") == "20.99"
    assert format(round_budget("0.2", LIMITS[0]), "f") == "1.00"


@pytest.mark.parametrize("value", [0, -1, "nan", "inf", "abc"])
def test_what_is_no_bid(value) -> None:
    with pytest.raises(BidError):
        round_bid(value, LIMITS[0])


@UNHURRIED
@given(st.decimals("0.0001", "200000", places=4), st.sampled_from(LIMITS))
def test_a_rounded_bid_keeps_every_limit_and_is_the_nearest_that_does(value: Decimal, limits: PlatformLimits) -> None:
    rounded = round_bid(value, limits)
    assert keeps(rounded, limits) is None
    if limits.min_bid <= value and (limits.max_bid is None or value <= limits.max_bid):
        assert abs(rounded - value) <= limits.step / 2
    assert round_bid(rounded, limits) == rounded


@UNHURRIED
@given(st.lists(st.decimals("0.001", "2000", places=3), min_size=1), st.sampled_from(LIMITS))
def test_many_at_once_round_as_one_by_one(values: list[Decimal], limits: PlatformLimits) -> None:
    steps = in_steps(np.array([float(value) for value in values]), limits)
    assert [Decimal(text_of_steps(step, limits)) for step in steps] == [round_bid(value, limits) for value in values]

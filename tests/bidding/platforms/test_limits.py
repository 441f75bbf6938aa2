"""Limits against the platforms' published figures, rounding against exact arithmetic."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bidding.errors import BidError
from bidding.platforms.limits import keeps, limits_of
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
    ("value", "broken"),
    [
        ("0.75", None),
        ("0.755", "no multiple"),
        ("0.01", "below the least bid"),
        ("1000.01", "above the largest"),
    ],
)
def test_a_bid_is_held_against_step_and_limits(value: str, broken: str | None) -> None:
    said = keeps(Decimal(value), LIMITS[0])
    assert said is None if broken is None else broken in str(said)

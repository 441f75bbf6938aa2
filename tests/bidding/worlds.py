"""Small accounts made by hand: every value known, nothing learnt."""

from dataclasses import replace
from typing import Any

import numpy as np

from bidding.account import Account, AccountChannel, BidLimits
from bidding.changes import ChangeKind
from bidding.circumstances import Circumstances
from bidding.history import History
from bidding.in_force import in_force
from bidding.ledger import Ledger
from bidding.levers import SmartLevers
from bidding.money import MICROS
from bidding.night import Budgets, Night, PlatformBounds, Steering
from bidding.outlook import BidChoice, BidResponse, ClickValues, Trust
from bidding.past_runs import past_of
from bidding.placements import Modifiers
from bidding.snapshot import Campaigns, Performance, Platform, Restatement, Snapshot, Strategy, Targets

TODAY = np.datetime64("2025-06-30")
DAYS = 35


def texts(*values: str) -> Any:
    return np.array(values, dtype=object)


def make_snapshot(targets: int = 12, campaigns: int = 3, seed: int = 1, clicks: float = 20.0) -> Snapshot:
    """One Amazon channel; every target had about `clicks` clicks on each of 35 days and sold at one in ten."""
    rng = np.random.default_rng(seed)
    of_target = np.arange(targets) % campaigns
    target = np.repeat(np.arange(targets), DAYS)
    day = np.tile(TODAY - np.arange(DAYS, 0, -1), targets)
    clicked = rng.poisson(clicks, targets * DAYS).astype(float)
    orders = rng.binomial(clicked.astype(int), 0.1).astype(float)
    return Snapshot(
        today=TODAY,
        channels=("amazon",),
        platforms=(Platform.AMAZON,),
        campaigns=Campaigns(
            ids=texts(*(f"c{m}" for m in range(campaigns))),
            names=texts(*(f"Campaign {m}" for m in range(campaigns))),
            portfolios=texts(*[""] * campaigns),
            channel=np.zeros(campaigns, dtype=np.int64),
            product=texts(*["SP"] * campaigns),
            strategy=np.zeros(campaigns, dtype=np.int64),
            daily_budget=np.full(campaigns, 100.0),
            modifiers=np.zeros((campaigns, 3)),
            enabled=np.ones(campaigns, dtype=bool),
            end=np.full(campaigns, "NaT", dtype="datetime64[D]"),
        ),
        targets=Targets(
            ids=texts(*(f"t{n}" for n in range(targets))),
            texts=texts(*(f"running shoes {n}" for n in range(targets))),
            campaign=of_target,
            ad_group=of_target,
            ad_group_ids=texts(*(f"g{m}" for m in range(campaigns))),
            kind=np.zeros(targets, dtype=np.int64),
            match=np.ones(targets, dtype=np.int64),
            branded=np.zeros(targets, dtype=bool),
            bid=np.full(targets, 1.0),
            enabled=np.ones(targets, dtype=bool),
            sku=texts(*[""] * targets),
        ),
        performance=Performance(
            target=target,
            day=day,
            impressions=40 * clicked,
            clicks=clicked,
            cost=0.6 * clicked,
            orders=orders,
            sales=30.0 * orders,
            new_to_brand_sales=np.full(len(day), np.nan),
            halo_sales=np.full(len(day), np.nan),
            age=((TODAY - day) // np.timedelta64(1, "D")).astype(np.int64),
            bid=np.full(len(day), 1.0),
            out_of_budget=np.zeros(len(day)),
        ),
        restatement=Restatement(
            channel=np.zeros(0, dtype=np.int64),
            day=np.zeros(0, dtype="datetime64[D]"),
            age=np.zeros(0, dtype=np.int64),
            clicks=np.zeros(0),
            orders=np.zeros(0),
            sales=np.zeros(0),
        ),
        rejected=(),
        warnings=(),
        source_hashes={"targeting.csv": "a" * 64},
    )


def make_values(count: int, trust: Trust = Trust.TRUSTED) -> ClickValues:
    def full(value: float) -> Any:
        return np.full(count, value)

    return ClickValues(
        conversion_rate=full(0.1),
        conversion_rate_sd=full(0.01),
        order_value=full(30.0),
        attributed=full(3.0),
        attributed_sd=full(0.3),
        share=full(0.6),
        share_sd=full(0.06),
        incremental=full(1.8),
        incremental_sd=full(0.25),
        profit=full(0.9),
        trust=np.full(count, int(trust), dtype=np.int64),
    )


BIDS = np.array([0.5, 0.8, 0.9, 1.0, 1.1, 1.3, 2.0])


def make_response(count: int) -> BidResponse:
    clicks = np.tile(20 * BIDS**0.7, (count, 1))
    return BidResponse(
        bids=np.tile(BIDS, (count, 1)),
        clicks=clicks,
        clicks_sd=0.2 * clicks,
        cost=clicks * 0.6 * BIDS,
        current=np.full(count, 3, dtype=np.int64),
        known=np.ones(count),
    )


def make_choice(count: int, column: int = 4) -> BidChoice:
    one = np.ones(1)
    return BidChoice(
        column=np.full(count, column, dtype=np.int64),
        shadow_price=0.3 * one,
        objective=100 * one,
        bound=101 * one,
        cost=160 * one,
        target_binds=np.zeros(1, dtype=bool),
    )


def make_bounds(campaigns: int) -> PlatformBounds:
    def full(money: float) -> Any:
        return np.full(campaigns, round(money * 1e6), dtype=np.int64)

    return PlatformBounds(full(0.02), full(1000), full(0.01), full(1), full(1_000_000), full(0.01))


def make_account(**limits: Any) -> Account:
    small = {"daily_change": 0.2, "weekly_change": 0.4}
    channel = AccountChannel("amazon", Platform.AMAZON, margin=0.5, limits=BidLimits(**(small | limits)))
    return Account("Acme", "USD", "US", "America/New_York", (channel,))


def make_night(targets: int = 12, campaigns: int = 3, column: int = 4, **changed: Any) -> Night:
    """A night on which the optimum of every target is `BIDS[column]`, nothing stands against, history is empty."""
    snapshot = changed.pop("snapshot", None) or make_snapshot(targets, campaigns)
    count, many = len(snapshot.targets), len(snapshot.campaigns.ids)
    night = Night(
        snapshot=snapshot,
        account=make_account(**changed.pop("limits", {})),
        values=make_values(count),
        response=make_response(count),
        choice=make_choice(count, column),
        bounds=make_bounds(many),
        budgets=Budgets(np.array([500.0])),
        circumstances=Circumstances(),
        history=History.none(count),
        budget_history=History.none(many),
        sources=dict(snapshot.source_hashes),
    )
    return replace(night, **changed)


def bids_before(ledger: Ledger, ids: Any, live: Any, today: np.datetime64) -> History:
    """What a night reads of earlier runs' bids: live values `(N,)` in millionths of the targets of these ids."""
    snapshot = make_snapshot(len(ids))
    targets = replace(snapshot.targets, ids=ids, bid=np.asarray(live) / MICROS)
    return past_of(ledger, replace(snapshot, today=today, targets=targets)).histories[ChangeKind.BID]


def make_steering(snapshot: Snapshot, increases: Any, roas: float = 4.4, edits: int = 0) -> Steering:
    """These increases `(M, 3)` and this target on return are asked of all campaigns; history is empty."""
    campaigns, targets = len(snapshot.campaigns.ids), len(snapshot.targets)
    mix = np.tile([0.3, 0.4, 0.3], (campaigns, 1))
    levers = SmartLevers(
        campaign_roas=np.full(campaigns, roas),
        target_roas=np.full(targets, roas),
        campaign_cap=np.full(campaigns, 11.0),
        cap=np.full(targets, np.nan),
        campaign_return=np.full(campaigns, 4.0),
        target_return=np.full(targets, 4.0),
        campaign_order_cost=np.full(campaigns, 10.0),
        order_cost=np.full(targets, 10.0),
        appetite=np.full(campaigns, np.nan),
        price=np.full(1, 0.3),
    )
    past = {kind: History.none(len(in_force(snapshot, kind))) for kind in ChangeKind}
    return Steering(
        increases=np.asarray(increases, dtype=np.float64),
        modifiers=Modifiers(np.asarray(increases, dtype=np.float64), np.ones(campaigns), mix),
        levers=levers,
        edits=np.full(campaigns, edits, dtype=np.int64),
        placement_history=past[ChangeKind.PLACEMENT],
        target_history=past[ChangeKind.TARGET],
    )


def make_steered_night(targets: int = 40, campaigns: int = 4, **changed: Any) -> Night:
    """A night on which bids, increases, budgets and the last campaign's target on return all move."""
    snapshot = changed.pop("snapshot", None) or make_snapshot(targets, campaigns)
    now = snapshot.campaigns
    strategy, roas = now.strategy.copy(), np.full(campaigns, np.nan)
    strategy[-1], roas[-1] = int(Strategy.SMART), 4.0
    snapshot = replace(snapshot, campaigns=replace(now, strategy=strategy, target_roas=roas))
    wanted = np.tile([0.15, 0.1, 0.0], (campaigns, 1))
    steering = changed.pop("steering", None) or make_steering(snapshot, wanted)
    budgets = Budgets(np.array([500.0]), np.full(campaigns, 110.0))
    return make_night(targets, campaigns, snapshot=snapshot, steering=steering, budgets=budgets, **changed)

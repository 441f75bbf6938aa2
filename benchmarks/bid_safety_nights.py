"""Generated increases and targets on return, and whole nights of every kind of change, held against every limit again.

Read by `bid_safety`: what a run changes is taken from its columns and checked by code that shares nothing with the
guardrails.
"""

from collections import Counter
from dataclasses import replace

import numpy as np

from bidding.guardrails.apply_rules import guard
from bidding.guardrails.moves import Moves
from bidding.guardrails.rules import Guard
from bidding.history import History
from bidding.levers import SmartLevers
from bidding.night import Budgets, Night
from bidding.propose import propose
from bidding.run import KINDS, BidRun
from bidding.snapshot import Strategy
from tests.bidding.worlds import make_night, make_snapshot, make_steering

PERCENT, HUNDREDTH, CENT = 1_000_000, 10_000, 10_000
TARGETS, CAMPAIGNS = 1000, 200
NOWHERE = 2**60
RAISE = {int(Strategy.UP_AND_DOWN): (2.0, 1.5, 1.5)}
"""What the platform may make of a bid by placement."""


def generated_increases(count: int, seed: int) -> Moves:
    """What increases of 0 to 900 % make of a bid, in whole percent, with what is asked far beyond both ends."""
    rng = np.random.default_rng(seed)
    old = rng.integers(100, 1001, count) * PERCENT
    wanted = rng.integers(20, 3000, count) * PERCENT + rng.integers(0, PERCENT, count)
    return _levers(rng, old, wanted, (100 * PERCENT, 1000 * PERCENT), PERCENT)


def generated_returns(count: int, seed: int) -> Moves:
    """Targets on return from 0.01 to 1000, of which a lower one spends more."""
    rng = np.random.default_rng(seed)
    old, wanted = (np.rint(100 * 10 ** rng.uniform(-2, 3, count)).astype(np.int64) * HUNDREDTH for _ in range(2))
    made = _levers(rng, old, wanted + rng.integers(0, HUNDREDTH, count), (HUNDREDTH, 1000 * 1_000_000), HUNDREDTH)
    return replace(made, lower_spends_more=True)


def _levers(
    rng: np.random.Generator, old: np.ndarray, wanted: np.ndarray, platform: tuple[int, int], step: int
) -> Moves:
    count = len(old)
    daily = np.array([0.01, 0.05, 0.1, 0.2, 0.5])[rng.integers(0, 5, count)]
    kept = rng.random(count) < 0.5
    before = np.clip(np.rint(old * rng.uniform(0.3, 3.0, count) / step).astype(np.int64) * step, *platform)
    return Moves(
        old=old,
        wanted=wanted,
        day_start=old,
        week_start=np.where(kept, old, before),
        daily_change=daily,
        weekly_change=rng.choice([2.0, 4.0], count) * daily,
        account_low=np.zeros_like(old),
        account_high=np.full(count, NOWHERE),
        ceiling=np.where(rng.random(count) < 0.3, np.maximum(old, wanted // step * step), NOWHERE),
        platform_low=np.full(count, platform[0]),
        platform_high=np.full(count, platform[1]),
        step=np.full(count, step),
        flags={which: rng.random(count) < 0.05 for which in (Guard.KILL_SWITCH, Guard.TRUST, Guard.EDITS)},
    )


def violations_of_levers(moves: Moves) -> dict[str, int]:
    """How many new values break each limit; 0 everywhere is the only good answer."""
    found = guard(moves)
    new, old, moved = found.new, moves.old, found.new != moves.old

    def beyond(start: np.ndarray, share: np.ndarray) -> int:
        reach = np.maximum(start * share + 0.5, moves.step)
        return int((moved & ((new < np.minimum(start - reach, old)) | (new > np.maximum(start + reach, old)))).sum())

    spends_more = new < old if moves.lower_spends_more else new > old
    held = moves.flags[Guard.KILL_SWITCH] | moves.flags[Guard.EDITS]
    return {
        "changed": int(moved.sum()),
        "outside the platform's limits": int(((new < moves.platform_low) | (new > moves.platform_high)).sum()),
        "above the ceiling": int((moved & (new > moves.ceiling)).sum()),
        "on no step": int((moved & (new % moves.step != 0)).sum()),
        "beyond the day's change": beyond(moves.day_start, moves.daily_change),
        "beyond the week's change": beyond(moves.week_start, moves.weekly_change),
        "moved although held": int((moved & held).sum()),
        "spends more without trust": int((moved & moves.flags[Guard.TRUST] & spends_more).sum()),
    }


def nights(count: int, seed: int) -> Counter[str]:
    """So many whole nights of 1,000 targets and 200 campaigns through `propose`; what was changed, what was broken."""
    rng = np.random.default_rng(seed)
    found: Counter[str] = Counter()
    for _ in range(count):
        most = float(rng.choice([0.7, 1.2, 2.0, 4.0]))
        night = _night(rng, most)
        # `update` adds as well, and keeps the counts that are 0.
        found.update(_broken(night, propose(night), most))
    return found


def _night(rng: np.random.Generator, most: float) -> Night:
    """Bids, increases, strategies, budgets and edits at random; the optimum is one column for all."""
    snapshot = make_snapshot(TARGETS, CAMPAIGNS, seed=int(rng.integers(1 << 30)), clicks=float(rng.uniform(1, 20)))
    strategy = rng.choice([0, 1, 2, 3], CAMPAIGNS)
    now = rng.integers(0, 60, (CAMPAIGNS, 3)) * rng.integers(0, 2, (CAMPAIGNS, 3)) / 100.0
    campaigns = replace(
        snapshot.campaigns,
        strategy=strategy,
        modifiers=now,
        daily_budget=np.round(rng.uniform(1, 300, CAMPAIGNS), 2),
        target_roas=np.where(strategy == int(Strategy.SMART), np.round(rng.uniform(0.5, 9, CAMPAIGNS), 2), np.nan),
    )
    # Bids of a campaign lie together, so that its dearest one may rise too.
    level = np.exp(rng.uniform(np.log(0.05), np.log(3.0), CAMPAIGNS))[snapshot.targets.campaign]
    bids = np.maximum(np.round(level * rng.uniform(0.9, 1.1, TARGETS), 2), 0.02)
    targets = replace(snapshot.targets, bid=bids)
    snapshot = replace(snapshot, campaigns=campaigns, targets=targets)
    wanted = np.round(now + rng.normal(0, 0.5, now.shape), 2)
    steering = make_steering(snapshot, np.clip(wanted, 0, 9))
    levers: SmartLevers = replace(steering.levers, campaign_roas=rng.uniform(0.005, 20, CAMPAIGNS))
    steering = replace(steering, levers=levers, edits=rng.integers(0, 4, CAMPAIGNS))
    limits = {"max_cost_per_click": most, "approval_share": 1.0}
    budgets = Budgets(np.array([500.0]), np.round(rng.uniform(0.2, 400, CAMPAIGNS), 2))
    night = make_night(TARGETS, CAMPAIGNS, int(rng.integers(0, 7)), snapshot=snapshot, limits=limits)
    history = History.none(TARGETS)
    return replace(night, steering=steering, budgets=budgets, history=history)


def _broken(night: Night, run: BidRun, most: float) -> dict[str, int]:
    """One night's counts: changes by kind, and every limit that any of them breaks."""
    snapshot, table = night.snapshot, run.changes
    rows = {kind.value: np.flatnonzero(table.kind == place) for place, kind in enumerate(KINDS)}
    campaign = {name: row for row, name in enumerate(snapshot.campaigns.ids.tolist())}
    target = {name: row for row, name in enumerate(snapshot.targets.ids.tolist())}
    old, new = table.old, table.new
    bids, dearest = _clicks(night, run, (campaign, target))
    placed, aimed, paid = rows["placement"], rows["target"], rows["campaign_budget"]
    of_bids, of_budgets = rows["bid"], rows["campaign_budget"]
    smart = snapshot.campaigns.strategy == int(Strategy.SMART)
    rested = night.steering.edits >= 2 if night.steering is not None else smart
    touched = np.array([campaign[str(name)] for name in table.entity[np.concatenate([aimed, paid])]], dtype=np.int64)
    moved_bids = np.array([snapshot.targets.campaign[target[str(name)]] for name in table.entity[of_bids]], dtype=int)
    factor = (100 * PERCENT + new[placed]) / (100 * PERCENT + old[placed])
    # A budget beside bids may treble and falls freely; that of a smart campaign moves like a bid.
    owner = np.array([campaign[str(name)] for name in table.entity[of_budgets]], dtype=np.int64)
    reach = np.maximum(np.where(smart[owner], 0.2, 2.0) * old[of_budgets], CENT) + 0.5
    too_far = np.abs(new[of_budgets] - old[of_budgets]) > reach
    return {
        **{f"changes: {kind}": len(those) for kind, those in rows.items()},
        "clicks dearer than the ceiling, old or new increases": dearest,
        "bids beyond the day's change, unless a limit forced them down": bids,
        "increases outside 0 to 900 %, or no whole percent": int(
            ((new[placed] < 0) | (new[placed] > 900 * PERCENT) | (new[placed] % PERCENT != 0)).sum()
        ),
        "increases that move a bid beyond the day's change": int(
            (np.abs(factor - 1) > 0.2 + PERCENT / (100 * PERCENT + old[placed])).sum()
        ),
        "budgets outside the platform's limits": int(((new[paid] < 1_000_000) | (new[paid] % CENT != 0)).sum()),
        "budgets beyond the day's change": int((too_far & (new[of_budgets] > 1_000_000)).sum()),
        "targets on return outside 0.01 to 1000": int(((new[aimed] < HUNDREDTH) | (new[aimed] > 10**9)).sum()),
        "edits of a smart campaign after two in a week": int((smart & rested)[touched].sum()),
        "bids of smart campaigns that moved": int(smart[moved_bids].sum()),
    }


def _clicks(night: Night, run: BidRun, places: tuple[dict[str, int], dict[str, int]]) -> tuple[int, int]:
    """Bids beyond a fifth, and targets whose dearest click may cost too much, written only in part or in whole.

    A bid that stays above the ceiling because a platform's least bid lies there too is held and not counted.
    """
    snapshot, table = night.snapshot, run.changes
    campaign, target = places
    bid = np.rint(snapshot.targets.bid * 1e6)
    after = bid.copy()
    increases = snapshot.campaigns.modifiers.copy()
    for row in range(len(table)):
        name, kind = str(table.entity[row]), KINDS[int(table.kind[row])].value
        if kind == "bid":
            after[target[name]] = table.new[row]
        elif kind == "placement":
            of, _, place = name.rpartition(":")
            increases[campaign[of], ("top_of_search", "rest_of_search", "product_pages").index(place)] = (
                table.new[row] / PERCENT / 100
            )
    raised = np.array([RAISE.get(int(each), (1.0, 1.0, 1.0)) for each in snapshot.campaigns.strategy])
    limit = night.account.channels[0].limits.max_cost_per_click or np.inf
    of_target = snapshot.targets.campaign
    before_worst, after_worst = (
        ((1 + made) * raised).max(axis=1)[of_target] for made in (snapshot.campaigns.modifiers, increases)
    )
    smart = (snapshot.campaigns.strategy == int(Strategy.SMART))[of_target]
    dearest = after * np.maximum(before_worst, after_worst) / 1e6
    allowed = np.maximum(limit, np.where(after == bid, bid * before_worst / 1e6, 0.0))
    too_dear = (dearest > allowed + 1e-6) & ~smart
    far = np.abs(after - bid) > np.maximum(0.2 * bid, CENT) + 0.5
    forced = bid * np.maximum(before_worst, after_worst) / 1e6 > limit
    return int((far & ~forced).sum()), int(too_dear.sum())

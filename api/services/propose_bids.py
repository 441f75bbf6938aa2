"""A night's files in, the run of bids out: read → learn → choose → pace → guard → seal. Only the ledger is written."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bidding.account import Account
from bidding.account_days import read_availability, read_events
from bidding.account_file import read_account
from bidding.changes import ChangeKind
from bidding.circumstances import Event
from bidding.click_value import learn_parts, value_clicks
from bidding.days import totals
from bidding.errors import BidError
from bidding.factors import PlannedSpend, factors_of
from bidding.jitter import jitter_bids
from bidding.landscape import bids_in_force, candidate_bids
from bidding.ledger import Ledger
from bidding.marginal import learn_priced_response
from bidding.money import MICROS
from bidding.night import Budgets, Night, PlatformBounds
from bidding.optimize import return_targets
from bidding.outlook import BidResponse, ClickValues
from bidding.pacing import DailyBudget, Period, money_of_usual_day, pace, slack_of
from bidding.past_runs import past_of
from bidding.plan_money import PlanMoney, for_channels, from_day, money_around
from bidding.platform_bounds import bounds_of
from bidding.propose import propose
from bidding.reach import Reach, far_reach, reach_of
from bidding.reports.reading import read_reports
from bidding.run import BidRun
from bidding.snapshot import Snapshot, Strategy
from bidding.steady import Learnt, choose_tonight
from bidding.steering import beside_increases, corrected, daily_budgets, increases_of, steering_of
from bidding.surroundings import circumstances_of, event_multipliers, events_from, freezes_elsewhere
from measurement.geotest.freeze import read_freeze

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class BidFiles:
    """Where a night's inputs lie; None for what there is not.

    Attributes:
        account, reports, plan: account.toml, folder of exports, answer of `rmo plan --json`.
        factors: folder of a fitted model.
        availability, events, freeze: see `interfaces`.
        archive: folder in which every pull is kept.
    """

    account: Path
    reports: Path
    plan: Path
    factors: Path | None = None
    availability: Path | None = None
    events: Path | None = None
    freeze: Path | None = None
    archive: Path | None = None


@dataclass(frozen=True)
class NightSettings:
    """Today, first day of the plan where the plan does not say, seed of the jitter, whom to tell how far it is."""

    today: np.datetime64
    plan_start: np.datetime64 | None = None
    seed: int = 0
    progress: Callable[[str], None] = lambda _: None


def propose_bids(files: BidFiles, ledger: Ledger, settings: NightSettings) -> BidRun:
    """Propose the night's bids and keep the run in the ledger.

    Raises:
        BidError: a file or the ledger cannot be used.
        ModelFileError: the model cannot be read.
    """
    tell = settings.progress
    account = read_account(files.account)
    plan = _plan(files.plan)
    money = for_channels(
        money_around(plan, settings.today, settings.plan_start), [channel.name for channel in account.channels]
    )
    tell("reading reports")
    snapshot = read_reports(files.reports, account, settings.today, files.archive)
    if not len(snapshot.targets):
        raise BidError(f"{files.reports}: holds no targets of the account's channels; see docs/BID_REPORTS.md")
    events = () if files.events is None else events_from(read_events(files.events, snapshot.channels))
    freezes = () if files.freeze is None else read_freeze(files.freeze)
    tell(f"learning what {len(snapshot.targets):,} targets are worth")
    values = _values(snapshot, account, files.factors, money, events)
    bounds = bounds_of(snapshot, account)
    past = past_of(ledger, snapshot)
    reach = reach_of(snapshot, account, bounds, past.histories[ChangeKind.BID], bids_in_force(snapshot))
    today = _budgets(snapshot, money, events)
    money_per_day = corrected(money_of_usual_day(snapshot, today), snapshot, past)
    respond = partial(_response, snapshot, account, bounds)
    asked = increases_of(snapshot, account, past)
    increases, within, response = beside_increases(snapshot, reach, asked, money_per_day, respond)
    tell("choosing bids")
    wanted = return_targets(account, snapshot)
    learnt = Learnt(values, response, past.price)
    choice = choose_tonight(learnt, snapshot, money_per_day, within, wanted, slack_of(today))
    steering = steering_of(snapshot, account, (values, response, choice), money_per_day, increases, past)
    tell("asking the guardrails")
    night = Night(
        snapshot=snapshot,
        account=account,
        values=values,
        response=response,
        choice=choice,
        bounds=bounds,
        budgets=Budgets(
            np.array([each.today for each in today]),
            daily_budgets(snapshot, response, values, choice, today, steering.levers),
            today,
        ),
        circumstances=circumstances_of(
            snapshot,
            None if files.availability is None else read_availability(files.availability),
            events,
            freezes,
            ledger.kills(),
        ),
        history=past.histories[ChangeKind.BID],
        budget_history=past.histories[ChangeKind.CAMPAIGN_BUDGET],
        jitter=_jitter(snapshot, account, settings.seed),
        steering=steering,
        notes=(*_notes(today), *freezes_elsewhere(freezes, snapshot.channels)),
        sources=_sources(files, snapshot, settings),
    )
    run = propose(night)
    ledger.save_run(run)
    return run


def _plan(path: Path) -> Mapping[str, Any]:
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise BidError(f"{path}: is no JSON ({error}); give the answer of `rmo plan --json`") from error
    if not isinstance(plan, dict):
        raise BidError(f"{path}: is not an answer of `rmo plan --json`")
    return plan


def _values(
    snapshot: Snapshot, account: Account, factors: Path | None, money: PlanMoney, events: tuple[Event, ...]
) -> ClickValues:
    """Click values at today's demand: during an event a click sells as many times more as the event says."""
    from measurement.storage import load_model

    model = None if factors is None else load_model(factors)
    planned = PlannedSpend(money.whole, money.weeks)
    found = factors_of(account, snapshot.today, model, planned, _reported_roas(snapshot))
    values = value_clicks(snapshot, account, found, learn_parts(snapshot, account))
    today = np.array([snapshot.today])
    by_channel = np.array([event_multipliers(events, name, today)[0] for name in snapshot.channels])
    by = by_channel[snapshot.channel_of_targets()]
    scaled = ("attributed", "attributed_sd", "incremental", "incremental_sd", "profit")
    return replace(values, **{name: getattr(values, name) * by for name in scaled})


def _reported_roas(snapshot: Snapshot) -> dict[tuple[str, bool | None], float]:
    """Attributed sales per unit of cost by channel, of its branded targets, of the others, and of all."""
    rows, channel = snapshot.performance, snapshot.channel_of_targets()
    place, branded = channel[rows.target], snapshot.targets.branded[rows.target]
    found: dict[tuple[str, bool | None], float] = {}
    for part in (None, True, False):
        mine = np.ones(len(rows), dtype=bool) if part is None else branded == part
        cost, sales = (totals(place[mine], each[mine], len(snapshot.channels)) for each in (rows.cost, rows.sales))
        found |= {(name, part): float(sales[c] / cost[c]) for c, name in enumerate(snapshot.channels) if cost[c] > 0}
    return found


def _response(snapshot: Snapshot, account: Account, bounds: PlatformBounds, reach: Reach) -> BidResponse:
    step = float(bounds.bid_step.max(initial=1)) / MICROS
    far = far_reach(snapshot, account, bounds, reach)
    return learn_priced_response(snapshot, account, candidate_bids(reach.base, step, reach.low, reach.high, far=far))


def _budgets(snapshot: Snapshot, money: PlanMoney, events: tuple[Event, ...]) -> tuple[DailyBudget, ...]:
    """Today's money by channel; from the first day that the reports reach, where the period starts earlier."""
    days = snapshot.performance.day
    if len(days):
        money = from_day(money, min(days.min().astype("datetime64[D]"), snapshot.today))
    period = Period(money.start, money.end)
    every = np.arange(money.start, money.end + np.timedelta64(1, "D"))
    shape = {name: money.shape[name] * event_multipliers(events, name, every) for name in money.shape}
    return pace(snapshot, money.planned, period, shape)


def _jitter(snapshot: Snapshot, account: Account, seed: int) -> FloatArray:
    factor, channel = np.ones(len(snapshot.targets)), snapshot.channel_of_targets()
    smart = (snapshot.campaigns.strategy == Strategy.SMART)[snapshot.targets.campaign]
    for place, name in enumerate(snapshot.channels):
        own = next(each for each in account.channels if each.name == name)
        mine = (channel == place) & ~smart
        factor[mine] = jitter_bids(snapshot.targets.ids[mine], own.jitter, snapshot.today, seed).factor
    return factor


def _notes(today: tuple[DailyBudget, ...]) -> tuple[str, ...]:
    return tuple(
        f"{each.channel}: {each.today:,.2f} for today, {each.spent:,.2f} of {each.planned:,.2f} spent, "
        f"{each.days_left} days left"
        for each in today
    )


def _sources(files: BidFiles, snapshot: Snapshot, settings: NightSettings) -> dict[str, str]:
    """Hashes of everything that was read, and the choices that decide the answer beside the files."""
    found = dict(snapshot.source_hashes)
    for name in ("account", "plan", "availability", "events", "freeze"):
        path = getattr(files, name)
        if path is not None:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    if files.factors is not None:
        found["factors"] = hashlib.sha256((files.factors / "model.json").read_bytes()).hexdigest()
    return found | {"seed": str(settings.seed)}

"""What is asked of bids: bodies with the options of `rmo bids`, and answers. Schemas only."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.bodies import Answer, Body, Day, Id, Seed, Text
from api.store.states import BidRunState

_PLAN = "pln_01M8C1776RYKYH3W7AREBBKBD5"
Why = Annotated[str, Field(max_length=1000)]
Scope = Annotated[
    str, Field(min_length=1, max_length=200, description="account, channel:NAME or campaign:ID", examples=["account"])
]


def _example(**given: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [given]})


class AccountFileBody(Body):
    """The text of an account.toml."""

    model_config = _example(
        account_file='[account]\nname = "Acme"\ncurrency = "USD"\nmarketplace = "US"\n'
        'time_zone = "America/Los_Angeles"\n[channel.amazon]\nmargin = 0.4\n'
    )

    account_file: Annotated[str, Field(min_length=1, max_length=256 * 1024)]


class AccountFileAnswer(Answer):
    """The account.toml in force, and the channels that it names."""

    account_file: str
    sha256: str
    channels: list[str]
    set_at: str


class PullAnswer(Answer):
    """The reports of one pull."""

    id: str
    created: str
    files: list[dict[str, Any]]


class ProposeBody(Body):
    """A night: the plan whose money is spent, and what is known besides.

    By default the newest reports, the plan's own model for what sales are incremental, and today on the clocks of the
    account's time zone. `availability` and `events` are the texts of such files. Geo tests that run are left alone.
    """

    model_config = _example(plan=_PLAN)

    plan: Id
    pull: Id | None = None
    factors: bool = True
    availability: Text | None = None
    events: Text | None = None
    plan_start: Day | None = None
    day: Day | None = None
    seed: Seed = 0


class RollbackBody(Body):
    """Fresh reports that say what is live; by default the newest."""

    model_config = _example(pull="pul_01M8C1776RYKYH3W7AREBBKBD5")

    pull: Id | None = None


class SwitchBody(Body):
    """What to stop or to let run again, and why."""

    model_config = _example(scope="channel:amazon", why="prices are wrong")

    scope: Scope
    why: Why = ""


class SwitchAllBody(Body):
    """Why all accounts are stopped, or let run again."""

    model_config = _example(why="a platform sends wrong reports")

    why: Why = ""


class SwitchAnswer(Answer):
    """What is stopped, by whom, since when and why."""

    stopped: list[dict[str, Any]]


class BidRunAnswer(Answer):
    """A bid run; with one run also the keys of `rmo bids propose --json`, of changes and held the first few."""

    id: str
    state: BidRunState
    run: str | None
    plan: str | None
    job: str | None
    created: str


class TakenAnswer(Answer):
    """What a step did, with the keys of its command, and where the run stands afterwards."""

    id: str
    state: BidRunState
    run: str


class AlertsAnswer(Answer):
    """What a person should look at."""

    items: list[dict[str, Any]]

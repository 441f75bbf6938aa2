"""What is asked of geo tests: bodies with the options of `rmo geo`, and a test as it is answered. Schemas only."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.bodies import Amount, Answer, Body, Day, Id, Name, Seed, Text
from api.store.states import GeoTestState
from measurement.geotest.design_question import MOST_CELLS, ExperimentKind, Rule
from measurement.geotest.specification import Estimator

MOST_GEOS = 10_000
_DATASET = "dst_01M8C1776RYKYH3W7AREBBKBD5"
Geos = Annotated[list[Name], Field(max_length=MOST_GEOS)]
Weeks = Annotated[int, Field(ge=1, le=104)]
Level = Annotated[float, Field(ge=0.5, le=0.99)]
KindOfTest = Annotated[ExperimentKind, Field(strict=False)]
HowToAnalyse = Annotated[Estimator, Field(strict=False)]


def _example(**given: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [given]})


class CellBody(Body):
    """A group of treated geos that is treated differently from others."""

    model_config = _example(name="half", geos=["north", "west"])

    name: Name
    geos: Geos


class DesignBody(Body):
    """What a test shall be able to do; `eligibility`, `adjacent` and `map` are the texts of such files."""

    model_config = _example(dataset=_DATASET, channel="tv", weeks=[2, 4], geos_max=4, mde=0.05)

    dataset: Id
    map: Text | None = None
    kind: KindOfTest = ExperimentKind.HOLDOUT
    channel: Name | None = None
    outcome: Name | None = None
    weeks: Annotated[list[Weeks], Field(min_length=1, max_length=6)] = Field(default_factory=lambda: [4])
    geos_min: Annotated[int, Field(ge=1, le=MOST_GEOS)] = 2
    geos_max: Annotated[int, Field(ge=1, le=MOST_GEOS)] = 5
    cells: Annotated[int, Field(ge=1, le=MOST_CELLS)] = 1
    rules: Annotated[list[Annotated[Rule, Field(strict=False)]], Field(max_length=4)] = Field(default_factory=list)
    include: Geos = Field(default_factory=list)
    keep: Geos = Field(default_factory=list)
    exclude: Geos = Field(default_factory=list)
    eligibility: Text | None = None
    adjacent: Text | None = None
    budget: Amount | None = None
    iroas: Amount | None = None
    mde: Annotated[float, Field(gt=0, lt=1)] | None = None
    power: Annotated[float, Field(gt=0.5, lt=1)] = 0.8
    level: Level = 0.9
    seed: Seed = 0


class LockBody(Body):
    """What is fixed before a designed test runs; `spend_plan` and `map` are the texts of such files."""

    model_config = _example(start="2026-09-07", cooldown_weeks=2, break_even_iroas=2.5)

    start: Day
    dataset: Id | None = None
    map: Text | None = None
    pick: Annotated[int, Field(ge=1, le=1000)] | None = None
    weeks: Weeks | None = None
    end: Day | None = None
    cooldown_weeks: Annotated[int, Field(ge=0, le=52)] = 0
    kind: KindOfTest | None = None
    spend: Name | None = None
    spend_plan: Text | None = None
    outcome: Name | None = None
    name: Name | None = None
    exclude: Geos = Field(default_factory=list)
    level: Level | None = None
    estimator: HowToAnalyse = Estimator.AUTO
    break_even_iroas: Annotated[float, Field(gt=0, lt=1e6)] = 1.0
    seed: Seed = 0
    after_the_fact: bool = False


class StatedLockBody(LockBody):
    """A test that was designed elsewhere: exactly one of `treated`, `cells` and `pairs` (the text of such a file)."""

    model_config = _example(dataset=_DATASET, treated=["north", "west"], start="2026-09-07", weeks=4, spend="tv")

    dataset: Id
    treated: Geos = Field(default_factory=list)
    cells: Annotated[list[CellBody], Field(max_length=MOST_CELLS)] = Field(default_factory=list)
    pairs: Text | None = None


class MonitorBody(Body):
    """The panel with its later days; by default the dataset that the test was locked on."""

    model_config = _example(dataset=_DATASET)

    dataset: Id | None = None
    map: Text | None = None


class ExclusionBody(Body):
    """A geo that leaves a locked test, and what happened there."""

    model_config = _example(geo="austin", reason="store closed by a flood")

    geo: Name
    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class LockedAnalysisBody(MonitorBody):
    """The panel with all days of the test; everything else comes from its lock."""

    accept_restated: bool = False


class AnalysisBody(Body):
    """A finished test that was not locked: exactly one of `treated`, `cells` and `pairs` (the text of such a file)."""

    model_config = _example(
        dataset=_DATASET, treated=["north", "west"], start="2024-09-02", end="2024-09-29", spend="tv"
    )

    dataset: Id
    map: Text | None = None
    start: Day
    end: Day
    cooldown_end: Day | None = None
    treated: Geos = Field(default_factory=list)
    cells: Annotated[list[CellBody], Field(max_length=MOST_CELLS)] = Field(default_factory=list)
    pairs: Text | None = None
    exclude: Geos = Field(default_factory=list)
    outcome: Name | None = None
    spend: Name | None = None
    level: Level | None = None
    estimator: HowToAnalyse | None = None
    break_even_iroas: Annotated[float, Field(gt=0, lt=1e6)] | None = None
    seed: Seed | None = None


class NextTestBody(Body):
    """The next plan, and how long what a test teaches is used; `rules` has the layout of rules.toml."""

    model_config = _example(model="mdl_01KAZ6J9Q5V3D8TPX0WQ4N7RBC", budget=1200000, weeks=13)

    model: Id
    budget: Amount
    weeks: Weeks = 13
    horizon_weeks: Annotated[int, Field(ge=1, le=520)] = 52
    rules: dict[str, Any] | None = None
    seed: Seed = 0


class GeoTestAnswer(Answer):
    """A geo test; with one test also its design, lock and result, each with the keys of its command."""

    id: str
    state: GeoTestState
    dataset: str | None
    job: str | None
    created: str


class StepAnswer(Answer):
    """What a step says, with the keys of its command, and where the test stands afterwards."""

    id: str
    state: GeoTestState


class FreezeAnswer(Answer):
    """What bidding must leave alone."""

    freezes: list[dict[str, Any]]
    warnings: list[str]

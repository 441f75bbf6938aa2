"""A made-up fitted model, its contributions, curves and plan: by hand, quick, and with all three verdicts.

And one empty store on SQLite and one on a real PostgreSQL; every test of the store runs on both.
"""

import json
import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import create_engine, text

import measurement.posterior
import measurement.storage
from api.app import create_app
from api.service import Service
from api.services import administer
from api.settings import Settings
from api.store.accounts import NewAccount
from api.store.engine import Store, database_url, make_engine
from api.store.keys import KeyWish
from api.store.schema import upgrade
from api.store.states import Role
from measurement.curves import ResponseCurves
from measurement.fitted import FittedModel, Provenance, WeeklyContributions
from measurement.interval import Interval, summarise
from measurement.panel import Channel, Control, ControlKind, Outcome, Panel
from measurement.report import Baseline, ChannelReport, Diagnostics, FitReport, ModelStatus, Verdict

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import fastapi.testclient  # warns once, on import, which client it would rather have

CHANNELS = ("amazon", "walmart", "search", "social", "display")
VERDICTS = (Verdict.MEASURED, Verdict.MEASURED, Verdict.MEASURED, Verdict.WEAK, Verdict.NOT_MEASURABLE)
REASONS = (
    "spend varied between geos and over time, and sales followed",
    "spend varied between geos and over time, and sales followed",
    "spend follows demand, which the model knows from branded queries",
    "the interval is wide: spend hardly varied",
    "spend never varied; the posterior repeats the prior",
)
IROAS = (2.31, 1.42, 3.05, 0.86, 1.4)
SD = (0.21, 0.24, 0.42, 0.55, 1.1)
WEEKS, GEOS = 104, ("north", "south", "east", "west")


def make_panel() -> Panel:
    rng = np.random.default_rng(3)
    dates = np.datetime64("2023-01-02") + 7 * np.arange(WEEKS)
    season = 1 + 0.25 * np.sin(2 * np.pi * (np.arange(WEEKS) - 30) / 52)
    weight = np.array([1.6, 1.2, 0.8, 0.4])
    per_week = np.array([30e3, 22e3, 18e3, 9e3, 5e3])
    spend = weight[:, None, None] * season[None, :, None] * per_week * rng.gamma(9, 1 / 9, (4, WEEKS, 5)) / 4
    spend[:, :, 4] = weight[:, None] * per_week[4] / 4
    media = (spend * np.array(IROAS)).sum(axis=2)
    sales = weight[:, None] * 85e3 * season * (1 + 0.04 * rng.standard_normal((4, WEEKS))) + media
    return Panel(
        dates=dates.astype("datetime64[D]"),
        geos=GEOS,
        outcomes=(Outcome("sales"),),
        outcome_values=sales[:, :, None],
        channels=tuple(Channel(name) for name in CHANNELS),
        spend=spend,
        exposure=spend.copy(),
        attributed_sales=np.full(spend.shape, np.nan),
        controls=(Control("branded_queries", ControlKind.DEMAND),),
        control_values=np.log(1000 * season)[None, :, None].repeat(4, axis=0),
        population=weight * 1e6,
        population_known=True,
        currency="USD",
        country="US",
    )


def around(mean: float, sd: float) -> Interval:
    return summarise(np.random.default_rng(1).normal(mean, sd, 2000))


def make_report(panel: Panel) -> FitReport:
    spend = panel.spend[:, -52:].sum(axis=(0, 1))
    entries = tuple(
        ChannelReport(
            channel=name,
            outcome="sales",
            spend=float(spend[c]),
            incremental=around(IROAS[c] * spend[c], SD[c] * spend[c]),
            iroas=around(IROAS[c], SD[c]),
            marginal_iroas=around(0.6 * IROAS[c], 0.7 * SD[c]),
            prior_iroas=around(1.5, 1.0),
            verdict=VERDICTS[c],
            reason=REASONS[c],
        )
        for c, name in enumerate(CHANNELS)
    )
    return FitReport(
        status=ModelStatus.ACCEPTED_WITH_WARNINGS,
        reasons=("display never varies: it cannot be measured from these data",),
        window_start="2024-01-01",
        window_end="2024-12-29",
        diagnostics=Diagnostics(1.004, 1240.0, 910.0, 0, 71.0),
        baseline=Baseline(0.63, 0.001),
        channels=entries,
    )


def make_model() -> FittedModel:
    panel = make_panel()
    return FittedModel(
        panel=panel,
        draws={"beta": np.zeros((10, 5))},
        report=make_report(panel),
        provenance=Provenance(
            model_id="5f2c9a1be0d4",
            data_hash="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            seed=1,
            versions={"rmo": "0.1.0", "pymc": "5.28.5", "nutpie": "0.16.8"},
            priors={"channel": {name: {"iroas_median": 1.2, "iroas_p95": 5.0} for name in CHANNELS}},
        ),
        warnings=("column sessions is left out; --controls sessions admits it",),
    )


def make_weekly(model: FittedModel) -> WeeklyContributions:
    panel = model.panel
    mean = panel.spend.sum(axis=0) * np.array(IROAS)
    observed = panel.sales.sum(axis=0)
    baseline = np.convolve(np.pad(observed - mean.sum(axis=1), 2, mode="edge"), np.ones(5) / 5, mode="valid")
    fitted = baseline + mean.sum(axis=1)
    return WeeklyContributions(
        dates=panel.dates,
        channels=panel.channel_names,
        mean=mean,
        low=0.8 * mean,
        high=1.2 * mean,
        baseline=baseline,
        observed=observed,
        fitted=fitted,
        fitted_low=0.94 * fitted,
        fitted_high=1.06 * fitted,
    )


def make_curves(model: FittedModel, weeks: int = 13) -> ResponseCurves:
    rng = np.random.default_rng(5)
    current = model.panel.spend[:, -52:].sum(axis=(0, 1)) * weeks / 52
    grid = current[:, None] * np.linspace(0, 3, 61)
    scale = rng.normal(IROAS, SD, (200, 5)).clip(0.02)
    half = current * rng.uniform(1.2, 2.2, (200, 5))
    incremental = scale[:, :, None] * current[:, None] * (1 + half / current)[:, :, None] * grid
    incremental = incremental / (grid + half[:, :, None])
    return ResponseCurves(
        channels=model.panel.channel_names,
        spend_grid=grid,
        incremental=incremental,
        carry_over_weights=np.tile(0.5 * 0.5 ** np.arange(8), (200, 5, 1)),
        current_spend=current,
        largest_observed_spend=1.4 * current,
        verdicts=VERDICTS,
        weeks=weeks,
        model_id=model.provenance.model_id,
        currency="USD",
    )


def make_plan(curves: ResponseCurves) -> dict[str, Any]:
    change = (0.18, -0.12, 0.4, -0.5, 0.0)
    lines = [
        {
            "channel": name,
            "current_spend": float(curves.current_spend[c]),
            "spend": float(curves.current_spend[c]) * (1 + change[c]),
            "change": change[c],
            "incremental": around(IROAS[c] * float(curves.current_spend[c]), SD[c] * 1e5).to_json(),
            "iroas": around(IROAS[c], SD[c]).to_json(),
            "marginal_iroas": around(1.1, 0.2).to_json(),
            "extrapolated": c == 2,
            "held": c == 4,
        }
        for c, name in enumerate(CHANNELS)
    ]
    spent = sum(line["spend"] for line in lines)
    return {
        "status": "optimal",
        "gap": 0.0004,
        "bound": 2.3e6,
        "objective": 2.29e6,
        "budget": spent,
        "weeks": curves.weeks,
        "lines": lines,
        "total": {
            "spend": spent,
            "unspent": 0.0,
            "incremental": around(2.29e6, 2e5).to_json(),
            "gain": around(1.2e5, 4e4).to_json(),
            "probability_better": 0.97,
        },
        "schedule": [{"week": 1, "channel": "amazon", "spend": 1.0}],
        "binding": [{"rule": "search: at most +40 %", "shadow_price": 0.8}],
        "conflicts": [],
        "advice": ["Move money from social to search.", "Test display: a geo holdout would tell."],
    }


@pytest.fixture(scope="session")
def model() -> FittedModel:
    return make_model()


@pytest.fixture(scope="session")
def drawn(model: FittedModel) -> FittedModel:
    """The model with draws that say what spend sells, so that weeks can be planned."""
    rng = np.random.default_rng(8)
    shape = (60, len(CHANNELS))
    worth = np.array(IROAS) * model.panel.spend.mean(axis=(0, 1)) * len(GEOS) * 2 / model.panel.population.sum()
    draws = {name: 0.2 * rng.standard_normal(shape) for name in ("log_half_life", "log_half_saturation", "log_slope")}
    draws |= {"drift": np.zeros(shape), "build_up": np.zeros(shape), "geo_effect": np.ones((*shape, len(GEOS)))}
    draws["sales_per_head"] = worth * np.exp(0.1 * rng.standard_normal(shape))
    return replace(model, draws=draws | _sales_draws(model, shape[0], rng))


def _sales_draws(model: FittedModel, count: int, rng: np.random.Generator) -> dict[str, Any]:
    """What a forecast of sales reads: three quarters of what was sold is baseline, weeks scatter by 3 %."""
    sales = model.panel.sales.sum(axis=0)
    baseline = np.broadcast_to(0.75 * sales, (count, len(sales))).copy()
    contribution = np.zeros((count, len(CHANNELS), len(sales)))
    return {
        "rho": np.full(count, 0.2),
        "baseline": baseline,
        "contribution": contribution,
        "predicted": baseline * (1.0 + 0.02 * rng.standard_normal(baseline.shape)),
        "log_smooth": np.full(count, np.log(0.03)),
        "log_weekly": np.full(count, np.log(0.03)),
    }


@pytest.fixture(scope="session")
def refused(model: FittedModel) -> FittedModel:
    reasons = ("the chains do not agree (r-hat 1.200)",)
    return replace(model, report=replace(model.report, status=ModelStatus.REFUSED, reasons=reasons))


@pytest.fixture(scope="session")
def weekly(model: FittedModel) -> WeeklyContributions:
    return make_weekly(model)


@pytest.fixture(scope="session")
def curves(model: FittedModel) -> ResponseCurves:
    return make_curves(model)


@pytest.fixture(scope="session")
def plan_json(curves: ResponseCurves) -> dict[str, Any]:
    return make_plan(curves)


@pytest.fixture
def stored(tmp_path: Path, model: FittedModel) -> Path:
    measurement.storage.save_model(model, tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def stored_refused(tmp_path: Path, refused: FittedModel) -> Path:
    measurement.storage.save_model(refused, tmp_path / "refused")
    return tmp_path / "refused"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, curves: ResponseCurves, weekly: WeeklyContributions) -> None:
    """Curves and contributions made by hand, so that commands answer at once."""
    monkeypatch.setattr(measurement.posterior, "response_curves", lambda model, weeks: curves)
    monkeypatch.setattr(measurement.posterior, "weekly_contributions", lambda model: weekly)


def only_json(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A server: the one of TEST_DATABASE_URL, else one of our own for this session.

    It lies beside pytest's folder, not in it: started by root it runs as another user, who may not look in there.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where it keeps its runtime files
        import pgserver

    server = pgserver.get_server(tempfile.mkdtemp(prefix="rmo-postgres-"), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """A database of its own, gone after the test."""
    name = f"rmo_{uuid.uuid4().hex}"
    server = create_engine(database_url(postgres), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield database_url(postgres).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'rmo.sqlite'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store with all tables."""
    made = Store(make_engine(url))
    upgrade(made.engine)
    yield made
    made.close()


@dataclass
class Served:
    """The service with one account, a key of each role in it, and a key of the installation.

    Requests are the analyst's to this account unless they say otherwise.
    """

    client: Any
    service: Service
    account: str
    keys: dict[str, str]

    def get(self, path: str = "", role: str = "analyst", **given: Any) -> Any:
        return self.request("GET", path, role, **given)

    def post(self, path: str = "", role: str = "analyst", **given: Any) -> Any:
        return self.request("POST", path, role, **given)

    def request(self, method: str, path: str, role: str = "analyst", **given: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.keys[role]}", **given.pop("headers", {})}
        return self.client.request(method, f"/v1/accounts/{self.account}{path}", headers=headers, **given)

    def store_model(self, model: FittedModel) -> str:
        """The id of the model, brought into the account."""
        with tempfile.TemporaryDirectory() as room:
            measurement.storage.save_model(model, Path(room) / "model")
            made = administer.import_model(self.service, self.account, Path(room) / "model")
        return str(made["id"])


def open_account(service: Service, name: str = "Acme") -> tuple[str, dict[str, str]]:
    """A new account, and a key of each role in it."""
    account = administer.create_account(service, NewAccount(name))["id"]
    keys = {role.value: administer.create_key(service, KeyWish(account, role, role.value))["key"] for role in Role}
    return account, keys


@contextmanager
def serving(settings: Settings) -> Iterator[Served]:
    app = create_app(settings)
    with fastapi.testclient.TestClient(app, raise_server_exceptions=False) as client:
        account, keys = open_account(app.state.service)
        keys["installation"] = administer.create_key(app.state.service, KeyWish(None, Role.ADMIN, "root"))["key"]
        yield Served(client, app.state.service, account, keys)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(Settings(data=tmp_path / "data", plan_processes=0)) as served:
        yield served


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document that a response must be."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"].endswith(code)
    assert body["detail"]
    return body


@pytest.fixture(name="problem", scope="session")
def problem_of() -> Any:
    return problem


@pytest.fixture(name="open_account", scope="session")
def account_opener() -> Any:
    return open_account


@pytest.fixture(name="serving", scope="session")
def server() -> Any:
    return serving

"""The made-up model of `made_up.py`, an empty store on SQLite and on a real PostgreSQL, and the service with keys."""

import json
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import measurement.posterior
import measurement.storage
from api.app import create_app
from api.service import Service
from api.services import administer
from api.settings import Settings
from api.store.accounts import NewAccount
from api.store.engine import Store, make_engine
from api.store.keys import KeyWish
from api.store.schema import upgrade
from api.store.states import Role
from benchmarks.postgres import fresh_database, postgres_server
from measurement.curves import ResponseCurves
from measurement.fitted import FittedModel, WeeklyContributions
from measurement.panel import Level
from measurement.report import ModelStatus
from tests.api.made_up import CHANNELS, GEOS, IROAS, make_curves, make_model, make_plan, make_weekly

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import fastapi.testclient  # warns once, on import, which client it would rather have


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
def testable(drawn: FittedModel) -> FittedModel:
    """The model that can be planned with, with what its channels sold; the third cannot be targeted by geo."""
    spend = drawn.panel.spend[:, -52:].sum(axis=(0, 1))
    returns = np.random.default_rng(2).gamma(4.0, 0.4, (60, len(spend)))
    channels = drawn.panel.channels
    search = replace(channels[2], level=Level.NATIONAL, geo_targetable=False)
    panel = replace(drawn.panel, channels=(*channels[:2], search, *channels[3:]))
    return replace(drawn, panel=panel, draws=dict(drawn.draws) | {"incremental": returns * spend, "iroas": returns})


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
    """A server for this session."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """A database of its own, gone after the test."""
    with fresh_database(postgres) as address:
        yield address


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


@pytest.fixture
def service(url: str, tmp_path: Path) -> Iterator[Service]:
    """The service on an empty database, without HTTP."""
    made = Service.open(Settings(data=tmp_path / "data", database_url=url))
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

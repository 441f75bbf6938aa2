"""Processes that plan: the same plan as in one's own, errors and all; replaced when killed, gone with the service."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import measurement.storage
from api.services.plan_process import PlannerLost
from api.services.plan_question import PlanQuestion, answer_question
from api.services.planner import Planner
from api.services.stored_models import StoredModels, keep_model
from api.settings import Settings
from api.store.files import Files
from api.store.ids import Kind, new_id
from measurement.errors import ModelFileError
from measurement.fitted import FittedModel
from optimizer.errors import BadRules

ACCOUNT = new_id(Kind.ACCOUNT)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data=tmp_path_factory.mktemp("planner"), plan_processes=1)


@pytest.fixture(scope="module")
def models(settings: Settings) -> StoredModels:
    return StoredModels(Files(settings.files, settings.scratch), settings.scratch)


@pytest.fixture(scope="module")
def sha256(settings: Settings, drawn: FittedModel) -> str:
    folder = settings.data / "model"
    measurement.storage.save_model(drawn, folder)
    return keep_model(Files(settings.files, settings.scratch), ACCOUNT, folder, settings.scratch)


@pytest.fixture(scope="module")
def planner(settings: Settings, models: StoredModels) -> Iterator[Planner]:
    planner = Planner(settings, models)
    planner.start()
    yield planner
    planner.close()


def asked(sha256: str, budget: float, **more: Any) -> PlanQuestion:
    return PlanQuestion(ACCOUNT, sha256, {"budget": budget, "weeks": 13, **more})


def the_process(planner: Planner) -> int:
    process = planner._places.get()
    planner._places.put(process)
    assert process is not None
    return process.pid


def test_it_plans_as_one_would_oneself(planner: Planner, models: StoredModels, sha256: str) -> None:
    question = asked(sha256, 1_100_000)
    assert planner.plan(question) == answer_question(models, question)


def test_errors_come_back_as_they_are(planner: Planner, sha256: str) -> None:
    with pytest.raises(BadRules, match="amazno"):
        planner.plan(asked(sha256, 1e6, rules={"channel": {"amazno": {"min": 1}}}))
    (archive,) = Path(planner._settings.files).rglob(sha256)
    broken = archive.with_name("0" * 64)
    broken.write_bytes(b"nothing")
    elsewhere = archive.parents[1] / "00" / broken.name
    elsewhere.parent.mkdir(exist_ok=True)
    broken.replace(elsewhere)
    with pytest.raises(ModelFileError, match="damaged"):
        planner.plan(asked("0" * 64, 1e6))


def test_the_same_question_is_answered_from_memory(planner: Planner, sha256: str) -> None:
    first = planner.plan(asked(sha256, 900_000))
    assert planner.plan(asked(sha256, 900_000)) is first
    assert planner.plan(asked(sha256, 900_000, force=True)) is not first


def test_a_process_that_was_killed_is_replaced(planner: Planner, sha256: str) -> None:
    before = the_process(planner)
    os.kill(before, signal.SIGKILL)
    assert planner.plan(asked(sha256, 950_000))["status"] == "optimal"
    assert the_process(planner) != before


def test_a_question_that_kills_twice_is_given_up(
    planner: Planner, sha256: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.services.planner.PlanProcess.ask", _lost)
    with pytest.raises(PlannerLost):
        planner.plan(asked(sha256, 960_000))
    monkeypatch.undo()
    assert planner.plan(asked(sha256, 960_000))["status"] == "optimal"


def _lost(*_: object) -> None:
    raise PlannerLost


PARENT = """
import sys, time
from pathlib import Path
from api.services.plan_process import PlanProcess
print(PlanProcess(sys.argv[1], Path(sys.argv[1]), 1).pid, flush=True)
time.sleep(60)
"""


def test_it_never_outlives_a_service_that_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.kill()
    for _ in range(600):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{child}/stat").read_text().split(") ")[1].startswith("Z"):
            return
        time.sleep(0.1)
    raise AssertionError("it still runs")

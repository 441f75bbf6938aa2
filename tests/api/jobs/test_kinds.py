"""Kinds of jobs: what the child finds in its folder, what is kept, and that messages name files as their owner does."""

import importlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from api.jobs import fit_jobs
from api.jobs.child import Limits
from api.jobs.claim import Claim, claim_job, end_job
from api.jobs.kinds import Desk, kinds
from api.jobs.laying_down import safe_name
from api.jobs.running import JobRunner, RunnerSettings
from api.jobs.submission import FIT, GEO_DESIGN, submit
from api.services.describe_model import describe_model
from api.store.archive import unpack
from api.store.datasets import NewDataset, add_dataset
from api.store.engine import Store
from api.store.files import Files
from api.store.states import JobState
from api.store.tables import GeoTest, Job, Model
from measurement.fitted import FittedModel
from measurement.storage import load_model, save_model

PANEL = "date,geo,sales,tv_spend\n" + "".join(
    f"{np.datetime64('2024-01-01') + 7 * week},{geo},{1000 + week},{10 + week % 3}\n"
    for geo in "abcdefghij"
    for week in range(30)
)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path / "files"), tmp_path / "scratch")


@pytest.fixture
def runner(store: Store, files: Files, tmp_path: Path) -> JobRunner:
    settings = RunnerSettings("me", tmp_path / "desks", tmp_path / "ledgers", Limits(120, 4 * 1024**3))
    return JobRunner(store, files, kinds(), settings)


def a_dataset(store: Store, files: Files, account: str, text: str, file_name: str = "my panel.csv") -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as sent:
        sent.write(text)
        sent.flush()
        sha256 = files.put(account, Path(sent.name))
    with store.writing() as session:
        return add_dataset(session, NewDataset(account, "panel", sha256, file_name, 80, {})).id


def ran(store: Store, runner: JobRunner, account: str, kind: str, request: dict[str, Any]) -> Job:
    with store.writing() as session:
        job = submit(session, account, kind, request).id
    assert runner.run(job)
    with store.reading() as session:
        return session.scalars(select(Job).where(Job.id == job)).one()


@pytest.mark.parametrize("kind", [FIT, GEO_DESIGN])
def test_a_bad_panel_is_named_as_its_owner_names_it(
    store: Store, files: Files, runner: JobRunner, account: str, kind: str
) -> None:
    dataset = a_dataset(store, files, account, PANEL.replace(",1003,", ",lots,", 1))
    row = ran(store, runner, account, kind, {"dataset": dataset, "question": {}, "weeks": [2]})
    assert row.state is JobState.FAILED
    assert row.problem is not None
    assert row.problem["code"] == "bad_input"
    assert "lots" in row.problem["detail"]
    assert str(Path.cwd()) not in row.problem["detail"]
    assert "/" not in row.problem["detail"]


def test_a_dataset_that_is_gone_is_a_problem(store: Store, runner: JobRunner, account: str) -> None:
    row = ran(store, runner, account, FIT, {"dataset": "dst_0"})
    assert row.problem is not None
    assert (row.state, row.problem["code"]) == (JobState.FAILED, "not_found")
    assert row.problem["errors"] == [{"field": "dataset", "message": "There is no such dataset."}]


def test_a_design_leaves_a_geo_test(store: Store, files: Files, runner: JobRunner, account: str) -> None:
    dataset = a_dataset(store, files, account, PANEL)
    request = {"dataset": dataset, "question": {"kind": "go_dark", "geos_min": 9, "geos_max": 9}, "weeks": [2]}
    row = ran(store, runner, account, GEO_DESIGN, request)
    assert row.state is JobState.DONE, row.problem
    with store.reading() as session:
        test = session.scalars(select(GeoTest)).one()
    assert row.result == {"geo_test": test.id, "refused_because": test.design["refused_because"]}  # type: ignore[index]
    assert row.result["refused_because"]
    assert (test.job_id, test.dataset_id, test.state.value) == (row.id, dataset, "designed")


def test_a_fit_finds_its_files_and_leaves_its_model_once(
    store: Store, files: Files, account: str, model: FittedModel, tmp_path: Path
) -> None:
    """The fit itself stands in `tests/measurement`; here a made-up model lies where it would."""
    dataset = a_dataset(store, files, account, PANEL, "../../etc/päss wörd.csv")
    request = {"dataset": dataset, "controls": ["x"], "priors": "[default]\n", "experiments": None, "seed": 7}
    with store.writing() as session:
        job = submit(session, account, FIT, request).id
    claim = claim_job(store, job, "me")
    assert claim is not None
    desk = Desk(store, files, tmp_path / "desk", tmp_path)
    desk.folder.mkdir()
    asked = fit_jobs.prepare(desk, claim)
    assert asked == {
        "panel": "panel.csv",
        "map": None,
        "controls": ["x"],
        "priors": "priors.toml",
        "experiments": None,
        "seed": 7,
        "out": "model",
    }
    assert (desk.folder / "panel.csv").read_text() == PANEL
    assert (desk.folder / "priors.toml").read_text() == "[default]\n"
    save_model(model, desk.folder / "model")
    keep = fit_jobs.keep(desk, claim, describe_model(model))
    end_job(store, claim, JobState.DONE, lambda session: {"result": keep(session)})
    with store.reading() as session:
        row, kept = session.scalars(select(Job)).one(), session.scalars(select(Model)).one()
    assert row.result == {"model": kept.id, "status": model.report.status.value}
    assert (kept.job_id, kept.dataset_id) == (job, dataset)
    (tmp_path / "again").mkdir()
    unpack(files.fetch(account, kept.sha256), tmp_path / "again")
    assert load_model(tmp_path / "again").report.status is model.report.status


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("panel.csv", "panel.csv"),
        ("../../x.csv", "x.csv"),
        ("C:\\data\\x.csv", "x.csv"),
        ("..", "otherwise"),
        ("", "otherwise"),
        (".hidden", "otherwise"),
        ("päss.csv", "otherwise"),
        ("a" * 200, "otherwise"),
    ],
)
def test_names_from_outside_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name, "otherwise") == safe


def test_every_kind_has_its_errand() -> None:
    for kind in kinds().values():
        module, _, function = kind.entry.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_a_claim_that_was_lost_keeps_nothing(store: Store, account: str) -> None:
    from api.jobs.claim import NotOurs

    with store.writing() as session:
        job = submit(session, account, FIT, {}).id
    first = claim_job(store, job, "one")
    second = claim_job(store, job, "two")
    assert isinstance(first, Claim)
    assert isinstance(second, Claim)
    with pytest.raises(NotOurs):
        end_job(store, first, JobState.DONE, lambda _: {"result": {"by": "one"}})
    end_job(store, second, JobState.DONE, lambda _: {"result": {"by": "two"}})
    with pytest.raises(NotOurs):
        end_job(store, second, JobState.FAILED)
    with store.reading() as session:
        row = session.scalars(select(Job)).one()
    assert (row.state, row.result, row.attempts) == (JobState.DONE, {"by": "two"}, 2)
    assert claim_job(store, job, "three") is None

"""A request around a geo test in, its files for the child out; the answer in, the test's row out.

A design's request: `{"dataset", "map", "question", "weeks", "eligibility", "adjacent"}`, with the options of
`rmo geo design` as the question. An analysis: `{"dataset", "map", "geo_test", "accept_restated"}` of a locked test, or
`{"dataset", "map", "options"}` with those of `rmo geo analyze`. Which test to run next:
`{"model", "budget", "weeks", "horizon_weeks", "rules", "seed"}`.
"""

import shutil
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from api.jobs.claim import Claim
from api.jobs.kinds import Desk, Document, Keep
from api.jobs.laying_down import lay_panel, lay_text
from api.lock_json import lock_json
from api.refusals import Conflict
from api.services.rules_text import rules_text
from api.store.archive import unpack
from api.store.files import sha256_of
from api.store.geo_tests import find_geo_test, move_lock
from api.store.ids import Kind as IdKind
from api.store.ids import new_id
from api.store.models import find_model
from api.store.states import GeoTestState
from api.store.tables import GeoTest
from measurement.geotest.lock_file import read_lock

LOCK, LOCK_BEFORE = "lock.json", "lock-before.json"
_TEXTS = {"eligibility": "eligibility.csv", "adjacent": "adjacent.csv", "pairs": "pairs.csv"}


def prepare(desk: Desk, claim: Claim) -> Document:
    """The panel, the texts as files, and the lock where the test has one; it is a copy, as its log grows."""
    asked = claim.request
    files = {name: lay_text(desk, asked.get(name), file) for name, file in _TEXTS.items()}
    lock = None
    if asked.get("geo_test") is not None:
        with desk.store.reading() as session:
            sha256 = find_geo_test(session, claim.account, asked["geo_test"]).lock_sha256
        if sha256 is None:
            raise Conflict("The geo test is not locked: lock it, or analyse by options.", "geo_test")
        shutil.copyfile(desk.files.fetch(claim.account, sha256), desk.folder / LOCK)
        shutil.copyfile(desk.folder / LOCK, desk.folder / LOCK_BEFORE)
        lock = LOCK
    rest = {name: asked.get(name) for name in ("question", "weeks", "options", "accept_restated")}
    return lay_panel(desk, claim) | files | rest | {"lock": lock}


def keep_design(desk: Desk, claim: Claim, answer: Mapping[str, Any]) -> Keep:
    """A designed test; the job's result is `{"geo_test", "refused_because"}`."""

    def write(session: Session) -> Document:
        row = _new(claim, GeoTestState.DESIGNED, design=dict(answer))
        session.add(row)
        return {"geo_test": row.id, "refused_because": answer.get("refused_because")}

    return write


def keep_analysis(desk: Desk, claim: Claim, answer: Mapping[str, Any]) -> Keep:
    """What the test showed, and its lock, whose log says so; the job's result is `{"geo_test", "verdict"}`."""
    lock = desk.folder / LOCK
    sha256 = desk.files.put(claim.account, lock) if lock.exists() else None
    shown = lock_json(read_lock(lock)) if sha256 is not None else None
    before = sha256_of(desk.folder / LOCK_BEFORE) if sha256 is not None else None

    def write(session: Session) -> Document:
        if sha256 is None:
            row = _new(claim, GeoTestState.ANALYSED, result=dict(answer))
            session.add(row)
        else:
            values = {"state": GeoTestState.ANALYSED, "result": dict(answer), "lock_sha256": sha256, "lock": shown}
            row = move_lock(session, claim.account, claim.request["geo_test"], before, **values)
        return {"geo_test": row.id, "verdict": answer["verdict"]}

    return write


def prepare_next(desk: Desk, claim: Claim) -> Document:
    """The model and the rules."""
    asked = claim.request
    with desk.store.reading() as session:
        sha256 = find_model(session, claim.account, asked["model"]).sha256
    (desk.folder / "model").mkdir()
    unpack(desk.files.fetch(claim.account, sha256), desk.folder / "model")
    rules = None if asked.get("rules") is None else rules_text(asked["rules"])
    return dict(asked) | {"model": "model", "rules": lay_text(desk, rules, "rules.toml")}


def keep_next(desk: Desk, claim: Claim, answer: Mapping[str, Any]) -> Keep:
    """Nothing is kept but the job's result, which is the answer."""
    return lambda _: dict(answer)


def _new(claim: Claim, state: GeoTestState, **given: Any) -> GeoTest:
    test = new_id(IdKind.GEO_TEST)
    dataset = claim.request["dataset"]
    return GeoTest(id=test, account_id=claim.account, dataset_id=dataset, job_id=claim.job, state=state, **given)

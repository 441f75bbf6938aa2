"""Ids: of their kind, sorted by time, never twice."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.store import ids
from api.store.ids import Kind, new_id


def test_ids_sort_by_the_time_at_which_they_were_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for millisecond in (1_000, 1_001, 1_001, 1_001, 2_000_000_000_000):
        monkeypatch.setattr(ids.time, "time_ns", lambda now=millisecond: now * 1_000_000)
        monkeypatch.setattr(ids, "_clock", ids._clock if made else ids._Clock())
        made.append(new_id(Kind.PLAN))
    assert made == sorted(made)
    assert len(set(made)) == 5


def test_threads_never_make_the_same() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: new_id(Kind.JOB), range(2000)))
    assert len(set(made)) == 2000
    assert all(re.fullmatch(r"job_[0-9A-HJKMNP-TV-Z]{26}", name) for name in made)

"""What a job can do: how its request becomes work for a child, and what of the result is kept.

A kind is prepared from files and rows into the child's folder; what it leaves behind is put among the files first, and
its rows are written by whoever ends the job, in that transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from api.jobs.claim import Claim
from api.jobs.engine import Queue
from api.store.engine import Store
from api.store.files import Files

Document = dict[str, Any]
Keep = Callable[[Session], Document]


@dataclass(frozen=True)
class Desk:
    """What a kind works with.

    Attributes:
        store, files: of the service.
        folder: the child's, for this attempt alone.
        ledgers: where accounts' ledgers of bids lie, one folder each; all workers must see the same.
    """

    store: Store
    files: Files
    folder: Path
    ledgers: Path


@dataclass(frozen=True)
class Kind:
    """A kind of job.

    Attributes:
        queue: whose turn it takes.
        entry: `module:function` that the child runs.
        prepare: puts files into the folder, returns what the child is asked.
        keep: puts files of the result away; returns what writes the rows and answers the job's result.
    """

    queue: Queue
    entry: str
    prepare: Callable[[Desk, Claim], Document]
    keep: Callable[[Desk, Claim, Mapping[str, Any]], Keep]


def kinds() -> dict[str, Kind]:
    """All kinds, by the names that `api/jobs/submission.py` has for them."""
    from api.jobs import bid_jobs, fit_jobs, geo_jobs
    from api.jobs.submission import BID_RUN, FIT, GEO_ANALYZE, GEO_DESIGN, GEO_NEXT

    return {
        FIT: Kind(Queue.FITS, "api.jobs.errands:fit", fit_jobs.prepare, fit_jobs.keep),
        GEO_DESIGN: Kind(Queue.TESTS, "api.jobs.errands:geo_design", geo_jobs.prepare, geo_jobs.keep_design),
        GEO_ANALYZE: Kind(Queue.TESTS, "api.jobs.errands:geo_analyze", geo_jobs.prepare, geo_jobs.keep_analysis),
        GEO_NEXT: Kind(Queue.TESTS, "api.jobs.geo_errands:next_test", geo_jobs.prepare_next, geo_jobs.keep_next),
        BID_RUN: Kind(Queue.BIDS, "api.jobs.errands:bid_run", bid_jobs.prepare, bid_jobs.keep),
    }

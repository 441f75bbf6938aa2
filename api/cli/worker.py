"""`rmo worker`: a service's database in, its jobs worked off out, until the process is asked to stop."""

import signal
import threading
from typing import TYPE_CHECKING

import typer

from api.cli.exits import ExitCode
from api.cli.options import Data, Json, UnusedSeed
from api.cli.output import note, print_json

if TYPE_CHECKING:
    from types import FrameType


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: RMO_DATABASE_URL=postgresql://... RMO_FILES_URL=s3://... rmo worker")(worker)


def worker(data: Data = None, seed: UnusedSeed = 0, json: Json = False) -> int:
    """Work off jobs: fits, designs, analyses and nightly bids. Start as many as you like on one PostgreSQL.

    Asked to stop (SIGTERM or Ctrl-C), it takes no more jobs, lets short ones end, and hands the rest to other workers.
    """
    from api.jobs.opening import worker_of
    from api.logs import configure_logs
    from api.service import Service
    from api.settings import read_settings

    asked = threading.Event()
    before = {ending: signal.signal(ending, _ending(asked)) for ending in (signal.SIGTERM, signal.SIGINT)}
    settings = read_settings(**({} if data is None else {"data": data}))
    configure_logs(settings.log_json)
    service = Service.open(settings)
    try:
        at_work = worker_of(service)
        at_work.start()
        if json:
            print_json({"worker": at_work.name, "data": str(service.settings.data)})
        note(f"worker {at_work.name} takes jobs; Ctrl-C ends it")
        asked.wait()
        note("stopping: short jobs may end, the rest goes to other workers")
        at_work.stop()
    finally:
        service.close()
        for ending, handler in before.items():
            signal.signal(ending, handler)
    note("stopped")
    return ExitCode.DONE


def _ending(asked: threading.Event) -> "signal._HANDLER":
    def handler(_: int, __: "FrameType | None") -> None:
        asked.set()

    return handler

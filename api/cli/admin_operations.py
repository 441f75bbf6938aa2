"""`rmo admin settings` and `check-worker`: how the service is set, and whether the worker of this machine lives."""

import socket

import typer

from api.cli.admin import opened, settings_of, tell
from api.cli.exits import ExitCode
from api.cli.options import Data, Json, UnusedSeed
from api.cli.output import people, print_json, safe, table


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("settings", epilog="Example: rmo admin settings")(show_settings)
    group.command(epilog="Example: rmo admin check-worker")(check_worker)


def show_settings(data: Data = None, seed: UnusedSeed = 0, json: Json = False) -> int:
    """Show every setting with its variable, value and default; secrets are hidden."""
    from api.settings_table import setting_rows

    rows = setting_rows(settings_of(data))
    if json:
        print_json({"settings": [vars(row) for row in rows]})
        return ExitCode.DONE
    shown = table("", ("<variable", "<value", "<default", "<meaning"))
    for row in rows:
        shown.add_row(row.variable, safe(row.value), safe(row.default), row.meaning)
    people().print(shown)
    return ExitCode.DONE


def check_worker(data: Data = None, seed: UnusedSeed = 0, json: Json = False) -> int:
    """Whether a worker of this machine gave a sign of life in the last ten seconds; exit code 1 if none did."""
    from sqlalchemy import select

    from api.store.columns import now
    from api.store.figures import WORKER_LIVES
    from api.store.work_tables import Worker

    with opened(data) as service, service.store.reading() as session:
        ours = select(Worker.name).where(Worker.name.startswith(f"{socket.gethostname()}:", autoescape=True))
        names = list(session.scalars(ours.where(Worker.seen > now() - WORKER_LIVES)))
    tell({"workers": names}, json, ", ".join(names) or "no worker of this machine gives a sign of life")
    return ExitCode.DONE if names else ExitCode.FAULT

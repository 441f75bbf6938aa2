"""`rmo admin backup` and `restore`: the whole service into a folder or a tar file, and back into an empty place."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.admin import opened, settings_of, tell
from api.cli.exits import ExitCode
from api.cli.options import Data, Json, UnusedSeed

Target = Annotated[
    Path, typer.Argument(metavar="BACKUP", help="A folder, or a file that ends in .tar.", show_default=False)
]


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command(epilog="Example: rmo admin backup /backups/2026-11-26.tar")(backup)
    group.command(epilog="Example: rmo admin restore /backups/2026-11-26.tar --data rmo-data")(restore)


def backup(target: Target, data: Data = None, seed: UnusedSeed = 0, json: Json = False) -> int:
    """Back up everything while the service runs: tables, files and ledgers, of one moment.

    It holds hashes of keys, secrets of webhooks and all data: keep it as you keep the service.
    """
    from api.services.back_up import back_up

    with opened(data) as service:
        made = back_up(service, target)
    tell(made, json, f"{sum(made['rows'].values())} rows and {made['files']} files are in {target}")
    return ExitCode.DONE


def restore(target: Target, data: Data = None, seed: UnusedSeed = 0, json: Json = False) -> int:
    """Restore a backup into a place that holds nothing yet, once all of it was found as it was written."""
    from api.services.restore import restore as put_back

    made = put_back(settings_of(data), target)
    tell(made, json, f"{sum(made['rows'].values())} rows and {made['files']} files are restored; start with rmo serve")
    return ExitCode.DONE

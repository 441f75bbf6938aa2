"""`rmo admin delete-account`, `set-retention` and `keep-house`: what is over goes, and nothing of it is left."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.admin import Account, opened, tell
from api.cli.exits import ExitCode
from api.cli.options import Data, Json, UnusedSeed

if TYPE_CHECKING:
    from api.service import Service
    from api.services.keep_house import Premises

Confirmed = Annotated[bool, typer.Option("--yes", help="Really: nothing of it can be brought back.")]
Days = Annotated[int | None, typer.Option("--days", min=1, max=36500, help="How long; without it, always.")]


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command(epilog="Example: rmo admin delete-account acc_... --yes")(delete_account)
    group.command(epilog="Example: rmo admin set-retention acc_... --days 730")(set_retention)
    group.command(epilog="Example: rmo admin keep-house")(keep_house)


def delete_account(
    account: Account, yes: Confirmed = False, data: Data = None, seed: UnusedSeed = 0, json: Json = False
) -> int:
    """Delete an account with all its rows and files; the audit trail keeps that it was deleted, and when."""
    from api.services.keep_house import delete_account
    from api.store.audit import Actor

    if not yes:
        raise typer.BadParameter("nothing of it can be brought back; say --yes if that is meant", param_hint="--yes")
    with opened(data) as service:
        gone = delete_account(_premises(service), account, Actor(""))
    tell(gone, json, f"{account} is deleted with all that it had; backups made before still hold it")
    return ExitCode.DONE


def set_retention(
    account: Account, days: Days = None, data: Data = None, seed: UnusedSeed = 0, json: Json = False
) -> int:
    """Say how long an account's data, plans and jobs are kept."""
    from api.services.administer import set_retention

    with opened(data) as service:
        made = set_retention(service, account, days)
    kept = "as long as the account" if days is None else f"{days} days"
    tell(made, json, f"data of {account} are kept {kept}")
    return ExitCode.DONE


def keep_house(data: Data = None, seed: UnusedSeed = 0, json: Json = False) -> int:
    """Apply retention periods, finish deletions and remove files that nothing names, as workers do every hour."""
    from api.services.keep_house import keep_house

    with opened(data) as service:
        done = keep_house(_premises(service))
    tell({"gone": done}, json, ", ".join(f"{count} {name}" for name, count in done.items()) or "nothing was over")
    return ExitCode.DONE


def _premises(service: "Service") -> "Premises":
    from api.services.keep_house import Premises

    return Premises(service.store, service.files, service.settings.ledgers)

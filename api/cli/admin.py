"""`rmo admin`: the machine's own administrator makes accounts and keys, and brings models in."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.exits import ExitCode
from api.cli.options import Data, Json, UnusedSeed
from api.cli.output import note, people, print_json, safe, table
from api.store.states import Role

if TYPE_CHECKING:
    from api.service import Service
    from api.settings import Settings

app = typer.Typer(help="Accounts and keys of the service, and models brought into it.", no_args_is_help=True)

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id, acc_...", show_default=False)]
OfAccount = Annotated[str | None, typer.Option("--account", help="The account's id, acc_...", show_default=False)]
Installation = Annotated[bool, typer.Option("--installation", help="For the whole installation: its admin's key.")]
KeyId = Annotated[str, typer.Argument(metavar="KEY", help="The key's id, key_...", show_default=False)]


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="admin")


@app.command(epilog="Example: rmo admin create-account Acme --currency USD --time-zone America/New_York")
def create_account(
    name: Annotated[str, typer.Argument(help="What the account is called.")],
    currency: Annotated[str, typer.Option("--currency", help="Three letters.")] = "USD",
    time_zone: Annotated[str, typer.Option("--time-zone", help="As in Europe/Berlin; days are counted in it.")] = "UTC",
    retention_days: Annotated[
        int | None, typer.Option("--retention-days", min=1, help="How long data are kept; without it, always.")
    ] = None,
    data: Data = None,
    seed: UnusedSeed = 0,
    json: Json = False,
) -> int:
    """Make an account."""
    from api.services.administer import create_account
    from api.store.accounts import NewAccount

    with opened(data, new=True) as service:
        made = create_account(service, NewAccount(name, currency, time_zone, retention_days))
    tell(made, json, f"account {made['id']} of {safe(name)}; now a key: rmo admin create-key --account {made['id']}")
    return ExitCode.DONE


@app.command(epilog="Example: rmo admin create-key --account acc_... --role buyer --name Ann --expires-days 90")
def create_key(
    account: OfAccount = None,
    installation: Installation = False,
    role: Annotated[Role, typer.Option("--role", help="What the key may do.")] = Role.ADMIN,
    name: Annotated[str, typer.Option("--name", help="Whose key it is.")] = "made by rmo admin",
    expires_days: Annotated[int | None, typer.Option("--expires-days", min=1, max=3650)] = None,
    data: Data = None,
    seed: UnusedSeed = 0,
    json: Json = False,
) -> int:
    """Make a key and show it, once."""
    from api.services.administer import create_key
    from api.store.columns import now
    from api.store.keys import KeyWish

    owner = _owner(account, installation)
    if owner is None and role is not Role.ADMIN:
        raise typer.BadParameter("a key of the installation is an admin's", param_hint="--role")
    expires = None if expires_days is None else now() + timedelta(days=expires_days)
    with opened(data, new=installation) as service:
        made = create_key(service, KeyWish(owner, role, name, expires=expires))
    _tell_key(made, json)
    return ExitCode.DONE


@app.command(epilog="Example: rmo admin list-keys --account acc_...")
def list_keys(
    account: OfAccount = None,
    installation: Installation = False,
    data: Data = None,
    seed: UnusedSeed = 0,
    json: Json = False,
) -> int:
    """Show whose keys there are; never the keys themselves."""
    from api.services.administer import all_keys

    with opened(data) as service:
        keys = all_keys(service, _owner(account, installation))
    if json:
        print_json({"items": keys})
        return ExitCode.DONE
    shown = table("", ("<id", "<name", "<role", "<created", "<expires", "<revoked", "<last used"))
    for key in keys:
        columns = ("id", "name", "role", "created", "expires", "revoked", "last_used")
        shown.add_row(*(safe(str(key[column] or "–")) for column in columns))
    people().print(shown)
    return ExitCode.DONE


@app.command(epilog="Example: rmo admin revoke-key key_...")
def revoke_key(key: KeyId, data: Data = None, seed: UnusedSeed = 0, json: Json = False) -> int:
    """End a key at once."""
    from api.services.administer import revoke_key

    with opened(data) as service:
        ended = revoke_key(service, key)
    tell(ended, json, f"{key} is revoked")
    return ExitCode.DONE


@app.command(epilog="Example: rmo admin rotate-key key_... --grace-hours 24")
def rotate_key(
    key: KeyId,
    grace_hours: Annotated[int, typer.Option("--grace-hours", min=0, help="How long the old key works on.")] = 24,
    data: Data = None,
    seed: UnusedSeed = 0,
    json: Json = False,
) -> int:
    """A new key of the same role; the old one ends after the grace."""
    from api.services.administer import rotate_key

    with opened(data) as service:
        made = rotate_key(service, key, timedelta(hours=grace_hours))
    _tell_key(made, json)
    return ExitCode.DONE


@app.command(epilog="Example: rmo admin import-model acc_... model")
def import_model(
    account: Account,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A model stored by rmo fit.", show_default=False)],
    data: Data = None,
    seed: UnusedSeed = 0,
    json: Json = False,
) -> int:
    """Bring a model that was fitted with rmo fit into the service."""
    from api.services.administer import import_model

    with opened(data) as service:
        made = import_model(service, account, folder)
    tell(made, json, f"model {made['id']}, {made['status'].replace('_', ' ')}")
    return ExitCode.DONE


def settings_of(data: Path | None) -> "Settings":
    """Settings from the environment, with the folder that was given."""
    from api.settings import read_settings

    return read_settings(**({} if data is None else {"data": data}))


@contextmanager
def opened(data: Path | None, new: bool = False) -> "Iterator[Service]":
    """The service of a folder; one that is not there yet is made only where that makes sense."""
    from api.refusals import BadSettings
    from api.service import Service

    settings = settings_of(data)
    if not new and settings.database_url is None and not Path(settings.database.database or "").is_file():
        raise BadSettings(
            f"{settings.data} holds no data of a service; name its folder with --data, or begin with "
            "rmo admin create-account"
        )
    service = Service.open(settings)
    try:
        yield service
    finally:
        service.close()


def _owner(account: str | None, installation: bool) -> str | None:
    if (account is None) != installation:
        raise typer.BadParameter("give either --account ID or --installation", param_hint="--account")
    return account


def tell(answer: dict[str, Any], json: bool, words: str) -> None:
    """One JSON object, or words for people."""
    if json:
        print_json(answer)
    else:
        people().print(words)


def _tell_key(made: dict[str, Any], json: bool) -> None:
    """The key alone goes to standard output, so that it can be piped to where it is kept."""
    if json:
        print_json(made)
    else:
        print(made["key"], flush=True)
        note(f"{made['id']}, role {made['role']}; it is shown this once and kept nowhere: store it now")

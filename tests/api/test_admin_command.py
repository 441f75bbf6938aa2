"""`rmo admin`: accounts, keys and models from the machine itself, each with one clear message when it cannot be."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.cli.main import run
from api.store.engine import Store, make_engine


@pytest.fixture
def admin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def command(*arguments: str, code: int = 0) -> Any:
        capsys.readouterr()
        assert run(["admin", *arguments, "--data", str(tmp_path / "data"), "--json"]) == code
        said = capsys.readouterr()
        return json.loads(said.out) if code == 0 else said.err

    return command


def test_from_nothing_to_a_key_that_opens(admin: Any, stored: Path) -> None:
    account = admin("create-account", "Zürich Büro", "--currency", "CHF", "--time-zone", "Europe/Zurich")
    assert (account["currency"], account["time_zone"]) == ("CHF", "Europe/Zurich")
    key = admin("create-key", "--account", account["id"], "--role", "buyer", "--name", "Ann", "--expires-days", "9")
    assert key["key"].startswith(f"rmo_{key['prefix']}_")
    model = admin("import-model", account["id"], str(stored))
    assert model["status"] == "accepted_with_warnings"
    turned = admin("rotate-key", key["id"], "--grace-hours", "0")
    assert turned["key"] != key["key"]
    assert admin("revoke-key", turned["id"])["revoked"]
    listed = admin("list-keys", "--account", account["id"])["items"]
    assert [entry["id"] for entry in listed] == [turned["id"], key["id"]]
    assert not any("key" in entry for entry in listed)


def test_the_key_alone_goes_to_standard_output(admin: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    admin("create-account", "Acme")
    assert run(["admin", "create-key", "--installation", "--data", str(tmp_path / "data")]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("rmo_")
    assert len(said.out.split()) == 1
    assert "store it now" in said.err


def test_what_cannot_be_is_said_in_one_line_and_changes_nothing(admin: Any, stored: Path, tmp_path: Path) -> None:
    account = admin("create-account", "Acme")["id"]
    for arguments, says in (
        (("create-account", "X", "--time-zone", "Mars/Olympus"), "time zone"),
        (("create-account", "X", "--currency", "dollars"), "three capital letters"),
        (("create-account", ""), "name"),
        (("create-key", "--account", "acc_none"), "no such account"),
        (("create-key", "--account", account, "--installation"), "either"),
        (("create-key", "--installation", "--role", "buyer"), "admin"),
        (("revoke-key", "key_none"), "no such key"),
        (("rotate-key", "key_none"), "no such key"),
        (("import-model", "acc_none", str(stored)), "no such account"),
        (("import-model", account, str(tmp_path)), "not a stored model"),
    ):
        message = admin(*arguments, code=2)
        assert says in message
        assert message.count("\n") == 1
    store = Store(make_engine(f"sqlite:///{tmp_path / 'data' / 'rmo.sqlite'}"))
    with store.engine.connect() as connection:
        counts = [
            connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar()
            for name in ("accounts", "api_keys", "audit")
        ]
    store.close()
    assert counts == [1, 0, 1]

"""Settings: from the environment, refused where they would be unsafe, and never showing a password."""

from pathlib import Path

import pytest

from api.refusals import BadSettings
from api.settings import Settings, read_settings

SECRET = "postgresql://rmo:hunter2@db.example/rmo"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"RMO_{name.upper()}", raising=False)


def test_by_default_it_is_one_folder_on_this_machine() -> None:
    settings = read_settings()
    assert settings.url == "http://127.0.0.1:8000"
    assert settings.database.database == str(Path("rmo-data/rmo.sqlite"))
    assert settings.files == str(Path("rmo-data/files"))


def test_the_environment_sets_and_the_command_overrules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RMO_PORT", "9000")
    monkeypatch.setenv("RMO_DATA", "/srv/rmo")
    assert read_settings().data == Path("/srv/rmo")
    assert (read_settings().port, read_settings(port=9001).port) == (9000, 9001)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "rmo.example"])
def test_other_machines_are_let_in_only_when_that_is_said(host: str) -> None:
    with pytest.raises(BadSettings, match="RMO_ALLOW_REMOTE"):
        read_settings(host=host)
    assert read_settings(host=host, allow_remote=True).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_needs_no_leave(host: str) -> None:
    assert read_settings(host=host).host == host


def test_a_bucket_beside_a_database_of_this_machine_is_refused() -> None:
    with pytest.raises(BadSettings, match="RMO_DATABASE_URL"):
        read_settings(files_url="s3://bucket/rmo")
    assert read_settings(files_url="s3://bucket/rmo", database_url=SECRET).files == "s3://bucket/rmo"


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "many"), ("PORT", "70000"), ("CACHED_MODELS", "0"), ("DATABASE_URL", "mysql://a:hunter2@b")],
)
def test_a_bad_setting_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"RMO_{name}", value)
    with pytest.raises(BadSettings, match=f"RMO_{name}") as refusal:
        read_settings()
    assert "hunter2" not in str(refusal.value)


def test_no_password_is_ever_shown() -> None:
    settings = read_settings(database_url=SECRET)
    assert settings.database.password == "hunter2"
    for shown in (repr(settings), str(settings), str(settings.database), settings.model_dump_json()):
        assert "hunter2" not in shown

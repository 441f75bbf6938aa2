"""Image and compose file say what the page on operations promises; and the page's table is that of the settings."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.settings import PREFIX, Settings, read_settings
from api.settings_table import markdown_table, setting_rows

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "OPERATIONS.md").read_text(encoding="utf-8")
KNOWN = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {f"{PREFIX}SECRETS_DIR", f"{PREFIX}DEBUG"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return read


def test_the_image_is_pinned_and_runs_as_nobody_special() -> None:
    assert "--require-hashes --requirement requirements.lock" in DOCKERFILE
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE)[-1] == "10001"
    assert "HEALTHCHECK" in DOCKERFILE
    assert not re.search(r"^ADD |curl .*\| *sh|:latest", DOCKERFILE, re.MULTILINE)
    for copied in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE):
        for name in copied.split():
            assert (ROOT / name).exists(), name


def test_variables_of_image_and_compose_are_settings(compose: dict[str, Any]) -> None:
    named = set(re.findall(r"\bRMO_[A-Z_]+", DOCKERFILE + (ROOT / "compose.yaml").read_text(encoding="utf-8")))
    assert named <= KNOWN
    secrets = {name.upper() for name in compose["secrets"] if name.startswith("rmo_")}
    assert secrets <= KNOWN


def test_only_this_machine_reaches_the_service(compose: dict[str, Any]) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert published == ["127.0.0.1:8000:8000"]
    assert compose["networks"]["inside"]["internal"]
    assert compose["services"]["database"]["networks"] == ["inside"]


def test_every_service_is_looked_after_and_no_secret_is_written_down(compose: dict[str, Any]) -> None:
    assert compose["services"]["worker"]["deploy"]["replicas"] == 2
    for name, service in compose["services"].items():
        assert service["healthcheck"], name
        assert service["restart"] == "unless-stopped"
        for variable, value in service.get("environment", {}).items():
            assert not re.search("PASSWORD|TOKEN|SECRET|DATABASE_URL", variable) or str(value).startswith(
                "/run/secrets"
            )
    for name in ("api", "worker"):
        assert compose["services"][name]["read_only"]
        assert compose["services"][name]["cap_drop"] == ["ALL"]


def test_compose_settings_can_be_used_together(compose: dict[str, Any], tmp_path: Path, monkeypatch: Any) -> None:
    """As in a container: what the file sets, and the secrets from files."""
    (tmp_path / "rmo_database_url").write_text("postgresql://rmo:pass@database/rmo\n")
    (tmp_path / "rmo_metrics_token").write_text("a-token-that-is-long-enough\n")
    for variable, value in compose["services"]["api"]["environment"].items():
        monkeypatch.setenv(variable, str(tmp_path) if value == "/run/secrets" else value)
    settings = read_settings()
    assert settings.database.get_backend_name() == "postgresql"
    assert settings.database.password == "pass"
    assert not settings.embedded_worker
    assert settings.host == "0.0.0.0"


def test_the_page_lists_every_setting_as_it_is() -> None:
    listed = OPERATIONS.split("<!-- settings -->\n")[1].split("\n<!-- /settings -->")[0]
    assert listed == markdown_table()


def test_every_command_of_the_page_exists() -> None:
    from api.cli.admin import app
    from api.cli.main import app as whole

    assert whole
    known = {command.name or str(getattr(command.callback, "__name__", "")) for command in app.registered_commands}
    named = set(re.findall(r"rmo admin ([a-z-]+)", OPERATIONS))
    assert named <= {name.replace("_", "-") for name in known}


def test_secrets_are_not_shown() -> None:
    settings = Settings(database_url="postgresql://rmo:hunter2@db/rmo", metrics_token="a-token-that-is-long-enough")
    shown = "".join(row.value for row in setting_rows(settings))
    assert "hunter2" not in shown
    assert "a-token" not in shown

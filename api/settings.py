"""What the service is told when it starts, by its command or the environment (`RMO_...`); what is unsafe is refused."""

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL

from api.refusals import BadSettings
from api.store.engine import database_url

PREFIX = "RMO_"
MEBIBYTE = 1024 * 1024
SHORTEST_TOKEN = 20

Count = Annotated[int, Field(ge=1)]


class Settings(BaseSettings):
    """Settings of the service; each may be given as an environment variable, as in RMO_PORT.

    Attributes:
        data: folder of the embedded service: its database, files and what it keeps for the moment.
        database_url: PostgreSQL, or another SQLite file; by default a SQLite file in `data`.
        files_url: where files of accounts lie, a folder or a bucket as fsspec spells it; by default in `data`.
        ledgers_folder: where accounts' ledgers of bids lie; by default in `data`. Several workers must see the same.
        host: address to listen on; loopback unless `allow_remote` is set.
        port: port to listen on.
        allow_remote: listen beyond this machine. Put something before it that speaks TLS: keys travel in the open.
        log_json: logs as JSON lines, for machines.
        metrics_token: who reads /metrics must send it; without one it is there on loopback only.
        embedded_worker: `rmo serve` works off jobs too; false where processes of `rmo worker` do.
        cached_models: how many models, with their curves, are kept in memory.
        plan_processes: how many processes plan; 0: the service's own does, and holds up other requests meanwhile.
        requests_per_minute: by key.
        failures_per_minute: requests without a good key, by address.
        request_bytes: largest body of a request that is no upload.
        upload_bytes: largest file.
        upload_rows: most rows of a file.
        upload_cells: most cells of a file, whatever its shape.
        check_bytes: memory that the check of one file may take.
        jobs_per_account: how many jobs of an account may run or wait.
        fits_at_once, tests_at_once, bids_at_once: how many jobs of a kind one worker works on at once.
        job_seconds, job_gibibytes: what one job may use: time, and memory of all its processes.
        job_attempts: how often a job is begun whose worker or process dies.
        seconds_to_stop: how long jobs at work may take to end when a worker is asked to stop.
        private_webhooks: messages may go to addresses that are not public, over plain HTTP too.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True)

    data: Path = Path("rmo-data")
    database_url: SecretStr | None = None
    files_url: SecretStr | None = None
    ledgers_folder: Path | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    allow_remote: bool = False
    log_json: bool = False
    embedded_worker: bool = True
    metrics_token: SecretStr | None = None
    cached_models: Count = 4
    plan_processes: Annotated[int, Field(ge=0, le=64)] = 2
    requests_per_minute: Count = 3000
    failures_per_minute: Count = 60
    request_bytes: Count = 2 * MEBIBYTE
    upload_bytes: Count = 100 * MEBIBYTE
    upload_rows: Count = 2_000_000
    upload_cells: Count = 20_000_000
    check_bytes: Count = 4096 * MEBIBYTE
    jobs_per_account: Count = 10
    fits_at_once: Count = 1
    tests_at_once: Count = 1
    bids_at_once: Count = 2
    job_seconds: Count = 3600
    job_gibibytes: Count = 4
    job_attempts: Count = 10
    seconds_to_stop: Count = 20
    private_webhooks: bool = False

    @field_validator("database_url")
    @classmethod
    def _a_database_we_know(cls, given: SecretStr | None) -> SecretStr | None:
        if given is not None:
            database_url(given.get_secret_value())
        return given

    @model_validator(mode="after")
    def _safe_together(self) -> Self:
        if not self.allow_remote and not is_loopback(self.host):
            raise ValueError(
                f"host {self.host} can be reached from other machines; set {PREFIX}ALLOW_REMOTE=true if that is "
                "meant, and put something before it that speaks TLS, or listen on 127.0.0.1"
            )
        if self._shared_files() and self.database.get_backend_name() == "sqlite":
            raise ValueError(
                f"{PREFIX}FILES_URL is a bucket while the database is a file of this machine: a backup of one would "
                f"not fit the other; set {PREFIX}DATABASE_URL to a PostgreSQL, or leave the files in the data folder"
            )
        if self.metrics_token is not None and len(self.metrics_token.get_secret_value()) < SHORTEST_TOKEN:
            raise ValueError(f"{PREFIX}METRICS_TOKEN is shorter than {SHORTEST_TOKEN} characters and could be guessed")
        return self

    @property
    def database(self) -> URL:
        """The database's address; shown as text it hides its password."""
        if self.database_url is not None:
            return database_url(self.database_url.get_secret_value())
        return URL.create("sqlite+pysqlite", database=str(self.data / "rmo.sqlite"))

    @property
    def files(self) -> str:
        """Where the files of accounts lie, for fsspec."""
        return self.files_url.get_secret_value() if self.files_url is not None else str(self.data / "files")

    @property
    def scratch(self) -> Path:
        """A folder of this machine for what can be made again."""
        return self.data / "scratch"

    @property
    def ledgers(self) -> Path:
        """Where accounts' ledgers of bids lie, one folder each; with several workers a folder that all of them see."""
        return self.ledgers_folder or self.data / "ledgers"

    @property
    def url(self) -> str:
        """Where the service answers."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def _shared_files(self) -> bool:
        return "://" in self.files and not self.files.startswith(("file://", "local://"))


def read_settings(**given: Any) -> Settings:
    """Settings from the environment, those given first.

    RMO_SECRETS_DIR names a folder whose files hold settings too, as in `rmo_database_url`; the environment goes first.

    Raises:
        BadSettings: one cannot be used, or several together would be unsafe; no value is repeated.
    """
    secrets = os.environ.get(f"{PREFIX}SECRETS_DIR")
    if secrets is not None and not Path(secrets).is_dir():
        raise BadSettings(f"{PREFIX}SECRETS_DIR: there is no folder {secrets}")
    if secrets is not None:
        given["_secrets_dir"] = secrets
    try:
        return Settings(**given)
    except ValidationError as error:
        raise BadSettings("; ".join(_in_words(found) for found in error.errors(include_input=False))) from None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _in_words(found: Any) -> str:
    message = str(found["msg"]).removeprefix("Value error, ")
    name = ".".join(str(part) for part in found["loc"])
    return f"{PREFIX}{name.upper()}: {message}" if name else message

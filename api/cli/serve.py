"""`rmo serve`: a data folder in, the service on loopback out."""

import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.exits import ExitCode
from api.cli.options import Data, Json, UnusedSeed
from api.cli.output import note, print_json

if TYPE_CHECKING:
    from uvicorn import Server

    from api.settings import Settings

Port = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one. Default: 8000.")
]
Host = Annotated[
    str | None,
    typer.Option("--host", help="Address to listen on. Default: 127.0.0.1: this machine only."),
]

SECONDS_KEPT_OPEN = 75
"""An idle connection stays longer than proxies keep theirs (a minute, mostly), so none is closed under a request."""

HOW_TO_OPEN = (
    "only this machine can reach it; to let others in, put something before it that speaks TLS, or set "
    "RMO_ALLOW_REMOTE=true and --host 0.0.0.0 on a network you trust"
)
FIRST_KEY = (
    "nobody has a key yet; make one: rmo admin create-account NAME, then rmo admin create-key --account ID --role buyer"
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: rmo serve --data rmo-data --port 8000")(serve)


def serve(data: Data = None, port: Port = None, host: Host = None, seed: UnusedSeed = 0, json: Json = False) -> int:
    """Answer over HTTP: accounts, datasets, models and plans. Everything is kept in the data folder."""
    from api.logs import configure_logs
    from api.settings import is_loopback, read_settings

    given = {name: value for name, value in (("data", data), ("port", port), ("host", host)) if value is not None}
    settings = read_settings(**given)
    with _listen(settings.host, settings.port) as listening:
        settings = read_settings(**given | {"port": listening.getsockname()[1]})
        configure_logs(settings.log_json)
        has_key = _prepare(settings)
        server = _server(settings)
        if json:
            print_json({"url": settings.url, "data": str(settings.data)})
        note(f"serving {settings.data} on {settings.url}; Ctrl-C ends it")
        if is_loopback(settings.host):
            note(HOW_TO_OPEN)
        if not has_key:
            note(FIRST_KEY)
        _run_until_told(server, listening)
    note("stopped")
    return ExitCode.DONE


def _server(settings: "Settings") -> "Server":
    """Asked to stop, it says so at /readyz at once, answers what it has begun, and ends streams that go on too long."""
    import uvicorn

    from api.app import create_app
    from api.readiness import draining

    class Draining(uvicorn.Server):
        def handle_exit(self, sig: int, frame: Any) -> None:
            draining.set()
            super().handle_exit(sig, frame)

    app = create_app(settings, with_worker=settings.embedded_worker)
    config = uvicorn.Config(
        app,
        log_config=None,
        timeout_graceful_shutdown=settings.seconds_to_stop,
        timeout_keep_alive=SECONDS_KEPT_OPEN,
    )
    return Draining(config)


def _prepare(settings: "Settings") -> bool:
    """Open the store once, so that what is wrong with it is said before anything listens; whether anybody has a key."""
    from api.service import Service

    service = Service.open(settings)
    try:
        return service.has_key()
    finally:
        service.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise typer.BadParameter(f"cannot listen on {host}:{port}: {error.strerror}", param_hint="--port") from error
    return listening


def _run_until_told(server: "Server", listening: socket.socket) -> None:
    """Ctrl-C and SIGTERM both end the service cleanly; uvicorn raises either again when it is done."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
    finally:
        signal.signal(signal.SIGTERM, before)

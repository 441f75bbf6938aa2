"""`rmo serve`: a folder of stored models in, an HTTP service on loopback out."""

import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.exits import ExitCode
from api.cli.options import Json, UnusedSeed
from api.cli.output import note, print_json

if TYPE_CHECKING:
    from uvicorn import Server

Models = Annotated[Path, typer.Option("--models", help="Folder that holds the stored models.", show_default=False)]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")]
Host = Annotated[str, typer.Option("--host", help="Address to listen on; loopback unless you say otherwise.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: rmo serve --models models --port 8000")(serve)


def serve(models: Models, port: Port = 8000, host: Host = "127.0.0.1", seed: UnusedSeed = 0, json: Json = False) -> int:
    """Answer over HTTP: POST /v1/plans, GET /v1/models/{id}, GET /healthz."""
    if not models.is_dir():
        raise typer.BadParameter(f"there is no folder {models}", param_hint="--models")
    import uvicorn

    from api.app import create_app
    from api.settings import Settings

    with _listen(host, port) as listening:
        settings = Settings(models=models, host=host, port=listening.getsockname()[1])
        server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning"))
        if json:
            print_json({"url": settings.url, "models": str(models)})
        note(f"serving the models in {models} on {settings.url}; Ctrl-C ends it")
        _run_until_told(server, listening)
    note("stopped")
    return ExitCode.DONE


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
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)

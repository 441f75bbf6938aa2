"""Settings in, the whole service on a thread of this process out, for notebooks and tests: where it answers."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from api.app import create_app
from api.refusals import CannotStart
from api.service import Service
from api.settings import Settings

_SECONDS_TO_START = 120.0


@contextmanager
def embedded(settings: Settings, with_worker: bool = True) -> Iterator[tuple[str, Service]]:
    """Serve on a free port of loopback as long as the context lasts.

    Args:
        settings: of the service; its host and port are not used.
        with_worker: work off jobs too.

    Yields:
        Its address, and the service itself, for `api.services.administer`.

    Raises:
        CannotStart: it did not start; the log says why.
    """
    app = create_app(settings, with_worker)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="service", daemon=True)
        thread.start()
        try:
            _wait(server, thread)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", app.state.service
        finally:
            server.should_exit = True
            thread.join()


def _wait(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise CannotStart("The service did not start; what was logged says why.")
        time.sleep(0.02)

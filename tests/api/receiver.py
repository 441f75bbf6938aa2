"""An HTTP server of this machine that keeps what is sent to it, as a webhook's owner would run one."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it gets; answers with the status it was told, the last one for good."""

    got: list[tuple[dict[str, str], bytes]]
    answers: list[int]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.got.append(({key.lower(): value for key, value in self.headers.items()}, body))
        self.send_response(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def receiving() -> Iterator[tuple[str, type[Receiver]]]:
    """Its address, and what it got."""
    handler = type("Mine", (Receiver,), {"got": [], "answers": [200]})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", handler
    server.shutdown()
    server.server_close()

"""A request in, the service's JSON out: sent again where no answer came or a later one may be better, done once.

Every POST carries an Idempotency-Key of its own, so that sending it again can do nothing twice.
"""

import random
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from api.client.errors import Unreachable, problem_of

_AGAIN = {429, 502, 503, 504}
_LONGEST_WAIT = 30.0


@dataclass(frozen=True)
class Patience:
    """How often a request is sent, how long an answer may take, and the wait before the second time; it doubles."""

    tries: int = 5
    seconds: float = 120.0
    first_wait: float = 0.25


class Transport:
    """One connection to a service, with a key.

    Args:
        url: where the service answers.
        key: `rmo_...`.
        patience: with it.
        http: another client of HTTP, for proxies, certificates and tests.
    """

    def __init__(self, url: str, key: str, patience: Patience, http: httpx.Client | None = None) -> None:
        self._http = http or httpx.Client(timeout=patience.seconds)
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"}
        self._patience = patience

    def json(self, method: str, path: str, **given: Any) -> Any:
        """The answer's JSON. Raises ServiceError."""
        return self.send(method, path, **given).json()

    def send(self, method: str, path: str, **given: Any) -> httpx.Response:
        """The answer. Raises ServiceError."""
        headers = self._headers | given.pop("headers", {})
        if method == "POST":
            headers.setdefault("Idempotency-Key", f"client-{uuid.uuid4().hex}")
        for left in reversed(range(self._patience.tries)):
            try:
                response = self._http.request(method, self._url + path, headers=headers, **given)
            except httpx.TransportError as error:
                if not left:
                    raise Unreachable(f"{self._url} does not answer ({type(error).__name__}: {error})") from error
                self._wait(left, {})
                _begin_again(given)
                continue
            if response.status_code in _AGAIN and left:
                self._wait(left, response.headers)
                _begin_again(given)
                continue
            if response.is_error:
                raise problem_of(response)
            return response
        raise AssertionError

    @contextmanager
    def stream(self, path: str, seconds: float | None = None) -> Iterator[httpx.Response]:
        """An answer that comes in pieces, the next within so many seconds; not sent again. Raises ServiceError."""
        headers = self._headers | {"Accept": "text/event-stream"}
        timeout = self._patience.seconds if seconds is None else min(seconds, self._patience.seconds)
        try:
            with self._http.stream("GET", self._url + path, headers=headers, timeout=timeout) as response:
                if response.is_error:
                    response.read()
                    raise problem_of(response)
                yield response
        except httpx.TransportError as error:
            raise Unreachable(f"the stream of {path} ended ({type(error).__name__})") from error

    def close(self) -> None:
        """Give the connection back."""
        self._http.close()

    def _wait(self, left: int, headers: Mapping[str, str]) -> None:
        """What the service says, else twice as long as last time, a little spread so that many do not come at once."""
        asked = headers.get("retry-after", "")
        again = self._patience.tries - 1 - left
        wait = float(asked) if asked.isdigit() else self._patience.first_wait * 2**again
        time.sleep(min(wait, _LONGEST_WAIT) * random.uniform(0.8, 1.2))


def _begin_again(given: Mapping[str, Any]) -> None:
    """A file that was sent halfway is sent from its beginning."""
    files = given.get("files") or {}
    for _, (_, content) in files.items() if isinstance(files, Mapping) else files:
        content.seek(0)

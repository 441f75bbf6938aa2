"""An address that an account gave us and a body in, one HTTP request out that cannot reach what only we can reach.

The name is resolved once, every address must be a public one, and the request goes to the address that was checked: a
name that answers differently a moment later gains nothing. Redirects are not followed.
"""

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

_SECONDS = 10.0


class NotSent(Exception):
    """The message did not arrive."""


class BadAddress(ValueError):
    """An address to which we send nothing."""


@dataclass(frozen=True)
class Sender:
    """Sends messages; `private` allows plain HTTP and addresses that are not public, for receivers in one's house."""

    private: bool = False

    def check(self, url: str) -> httpx.URL:
        """The address, if its form is one we send to. Raises BadAddress."""
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise BadAddress(f"{url!r} is not an address: write https://...") from error
        if parsed.scheme != "https" and not (self.private and parsed.scheme == "http"):
            raise BadAddress("the address must begin with https://")
        if not parsed.host or parsed.userinfo:
            raise BadAddress("the address must name a host, and no user or password")
        return parsed

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Send; returns when it was answered with 2xx. Raises NotSent."""
        try:
            parsed = self.check(url)
            host = parsed.raw_host.decode()
            address = self._address(parsed)
            with (
                httpx.Client(timeout=_SECONDS, follow_redirects=False, trust_env=False) as client,
                client.stream(
                    "POST",
                    parsed.copy_with(host=address),
                    content=body,
                    headers=dict(headers) | {"host": parsed.netloc.decode()},
                    extensions={"sni_hostname": host},
                ) as response,
            ):
                if not response.is_success:
                    raise NotSent(f"answered {response.status_code}")
        except (httpx.HTTPError, OSError, BadAddress) as error:
            raise NotSent(f"{type(error).__name__}: {error}") from error

    def _address(self, url: httpx.URL) -> str:
        port = url.port or (443 if url.scheme == "https" else 80)
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)]
        if not self.private and not all(ipaddress.ip_address(address).is_global for address in found):
            raise BadAddress("the address does not lie in the public internet")
        return found[0]

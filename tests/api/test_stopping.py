"""`rmo serve` as a process: asked to stop, it answers what it has begun, and ends without a word too many."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
RMO = Path(sys.executable).with_name("rmo")


def start(data: Path, **settings: str) -> tuple["subprocess.Popen[str]", str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "RMO_LOG_JSON": "true", "RMO_PLAN_PROCESSES": "0", **settings}
    command = [str(RMO), "serve", "--data", str(data), "--port", "0", "--json"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=data.parent
    )
    assert process.stdout is not None
    url = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")["url"]
    for _ in range(600):
        assert process.poll() is None, process.communicate()[1]
        try:
            httpx.get(f"{url}/healthz", timeout=10)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return process, url
    raise AssertionError("it does not answer")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    process, url = start(tmp_path / "data")
    yield process, url
    process.kill()
    process.communicate()


def test_a_request_that_was_begun_is_answered(served: tuple["subprocess.Popen[str]", str]) -> None:
    process, url = served
    assert httpx.get(f"{url}/readyz", timeout=20).json()["checks"]["worker"] == "ok"
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as begun:
        body = b'{"name": "x"}'
        begun.sendall(
            f"POST /v1/accounts HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer rmo_abcdefghij_{'x' * 43}\r\nX-Request-Id: begun-before\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body[:5]
        )
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        begun.sendall(body[5:])
        answer = begun.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 401")
    assert "begun-before" in answer
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert "x" * 43 not in said
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert [line["status"] for line in lines if line.get("request_id") == "begun-before"] == [401]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz")

"""The installed `rmo` as a process of its own: exit codes, clean streams, quick help, a service that ends cleanly."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from api.cli.main import run
from measurement.fitted import FittedModel
from measurement.storage import save_model

RMO = Path(sys.executable).with_name("rmo")
COMMANDS = ("demo", "simulate", "check", "fit", "report", "compare", "plan", "serve")


def rmo(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(RMO), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps_with_an_example_and_takes_seed_and_json(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run([command, "--help"]) == 0
    shown = capsys.readouterr().out
    for part in (f"Example: rmo {command}", "--seed", "--json"):
        assert part in shown


def test_help_loads_none_of_the_heavy_libraries() -> None:
    heavy = {"numpy", "pandas", "pymc", "jax", "matplotlib", "ortools", "fastapi", "scipy", "pyarrow"}
    program = f"import sys, api.cli.main; print(sorted({heavy!r} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


BAD = {
    "no such command": ["bids", "propose"],
    "no such option": ["plan", "model", "--budgets", "5"],
    "no budget": ["plan", "model"],
    "a budget in words": ["plan", "model", "--budget", "abc"],
    "no such model": ["plan", "nowhere", "--budget", "1000"],
    "no weeks": ["plan", "model", "--budget", "1000", "--weeks", "0"],
    "no such panel": ["fit", "nothing.csv", "--out", "m2"],
    "duplicate rows": ["fit", "broken.csv", "--out", "m2"],
    "an empty panel": ["check", "empty.csv"],
    "no such map": ["fit", "broken.csv", "--map", "no.toml", "--out", "m2"],
    "no such priors": ["fit", "good.csv", "--priors", "no.toml", "--out", "m2"],
    "a folder that is no model": ["report", "."],
    "a damaged model": ["report", "damaged"],
    "a page into nowhere": ["report", "model", "--html", "no/such/folder/page.html"],
    "a plan without a page": ["report", "model", "--plan", "plan.json"],
    "an unknown kind": ["simulate", "--out", "w", "--kind", "easy"],
    "no geos": ["simulate", "--out", "w", "--geos", "0"],
    "a file in the way": ["simulate", "--out", "broken.csv"],
    "a negative seed": ["simulate", "--out", "w", "--seed", "-1"],
    "a service that is not there": ["admin", "import-model", "acc_x", "model", "--data", "nowhere"],
    "a key for nobody": ["admin", "create-key", "--data", "nowhere"],
    "an unknown role": ["admin", "create-key", "--installation", "--role", "boss", "--data", "nowhere"],
    "a service where a file lies": ["serve", "--data", "broken.csv"],
    "compare with nothing": ["compare", "model", "nowhere"],
}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, model: FittedModel) -> Path:
    room = tmp_path_factory.mktemp("room")
    save_model(model, room / "model")
    save_model(model, room / "damaged")
    (room / "damaged" / "draws.nc").write_bytes(b"nothing")
    (room / "broken.csv").write_text("date,geo,sales,amazon_spend\n2024-01-01,a,1,2\n2024-01-01,a,1,2\n")
    (room / "empty.csv").write_text("")
    assert run(["simulate", "--out", str(room / "world"), "--geos", "2", "--weeks", "30"]) == 0
    (room / "good.csv").write_bytes((room / "world" / "panel.csv").read_bytes())
    return room


@pytest.mark.parametrize("case", sorted(BAD))
def test_bad_input_is_one_message_and_exit_2(
    room: Path, case: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(room)
    before = sorted(path.name for path in room.iterdir())
    assert run(_in_json(case)) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("rmo: ")
    assert sorted(path.name for path in room.iterdir()) == before


@pytest.mark.parametrize("case", ["a budget in words", "no such command", "duplicate rows", "a damaged model"])
def test_the_process_says_the_same(room: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(room)
    answer = rmo(*_in_json(case))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("rmo: ")
    assert "Traceback" not in answer.stderr


def _in_json(case: str) -> list[str]:
    return [*BAD[case], "--json"] if case != "no such command" else BAD[case]


def test_report_json_is_one_object_and_nothing_else(room: Path) -> None:
    answer = rmo("report", room / "model", "--json")
    assert answer.returncode == 0
    assert json.loads(answer.stdout)["status"] == "accepted_with_warnings"


def test_a_closed_pipe_is_no_traceback(room: Path) -> None:
    shown = subprocess.run(
        f"{RMO} report {room / 'model'} --json | head -c 1", shell=True, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in shown.stderr
    assert "Exception" not in shown.stderr


STUBBORN = """
import multiprocessing, signal, time
from api.cli.interruption import ending_at_once

def work(deaf):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    deaf.set()
    time.sleep(60)

with ending_at_once():
    context = multiprocessing.get_context("fork")
    deaf = context.Event()
    worker = context.Process(target=work, args=(deaf,))
    try:
        worker.start()
        deaf.wait()
        print("at work", flush=True)
        worker.join()
    except KeyboardInterrupt:
        worker.join()
        print("ended")
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_workers_that_will_not_end_are_ended_with_the_command(ending: signal.Signals) -> None:
    command = [sys.executable, "-c", STUBBORN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as working:
        assert working.stdout is not None
        assert working.stdout.readline() == "at work\n"
        working.send_signal(ending)
        assert working.communicate(timeout=15)[0] == "ended\n"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_serve_answers_and_ends_cleanly(room: Path, ending: signal.Signals) -> None:
    command = [str(RMO), "serve", "--data", str(room / "served"), "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout is not None
            url = json.loads("".join(iter(service.stdout.readline, "}\n")) + "}")["url"]
            assert url.startswith("http://127.0.0.1:")
            assert _answer(f"{url}/healthz") == {"status": "ok"}
            assert _answer(f"{url}/readyz")["status"] == "ok"
            assert _answer(f"{url}/v1/accounts")["code"] == "unauthenticated"
            service.send_signal(ending)
            _, said = service.communicate(timeout=15)
        finally:
            service.kill()
    assert service.returncode == 0, said
    assert "Traceback" not in said


def test_serve_on_a_taken_port_is_bad_input(room: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = rmo("serve", "--data", room / "served", "--port", taken.getsockname()[1])
    assert answer.returncode == 2
    assert "cannot listen" in answer.stderr


def _answer(url: str) -> dict[str, object]:
    for _ in range(100):
        try:
            body: dict[str, object] = httpx.get(url, timeout=10).json()
        except httpx.ConnectError:
            time.sleep(0.1)
        else:
            return body
    raise AssertionError(f"{url} does not answer")

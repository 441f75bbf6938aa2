"""What somebody may send to do harm: refused with a clear problem, nothing kept, and no more memory than is allowed."""

import gzip
import io
import json
import os
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.app import create_app
from api.services.bid_files import zip_bytes
from api.settings import MEBIBYTE, Settings

Problem = Callable[[Any, int, str], dict[str, Any]]
DOCUMENT = create_app(Settings(data=Path("never-made"))).openapi()
JSON_ROUTES = [
    (verb.upper(), path)
    for path, verbs in DOCUMENT["paths"].items()
    for verb, operation in verbs.items()
    if "application/json" in operation.get("requestBody", {}).get("content", {})
]
DIGITS = "9" * 5000


def zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def swollen_parquet() -> bytes:
    """A few kilobytes that repeat one value a billion times."""
    out = io.BytesIO()
    once = pa.DictionaryArray.from_arrays(pa.array(np.zeros(10_000_000, dtype=np.int32)), pa.array(["x"]))
    table = pa.table({"Keyword": once})
    with pq.ParquetWriter(out, table.schema, compression="zstd") as writer:
        for _ in range(11):
            writer.write_table(table, row_group_size=10_000_000)
    return out.getvalue()


BOMBS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a workbook that unfolds without end": (
        "bulk.xlsx",
        lambda: zipped(**{"[Content_Types].xml": b"", "xl__worksheets__sheet1.xml": b"0" * (400 * MEBIBYTE)}),
        "would unpack",
    ),
    "a zip archive of a swollen table": ("a.zip", lambda: zipped(**{"a.csv": b"0" * (400 * MEBIBYTE)}), "would unpack"),
    "a gzip that unfolds without end": (
        "a.csv.gz",
        lambda: gzip.compress(b"0" * (64 * MEBIBYTE)) * 20,
        "unpacks to more than",
    ),
    "a Parquet that repeats one value": ("a.parquet", swollen_parquet, "would unfold to 110,000,000 cells"),
    "a zip archive that is none": ("a.xlsx", lambda: b"PK\x03\x04" + os.urandom(2000), "cut short or no workbook"),
    "a Parquet that is none": ("a.parquet", lambda: b"PAR1" + os.urandom(2000), "not a readable Parquet"),
}


def send(served: Any, name: str, content: bytes) -> Any:
    return served.post("/bid-runs/reports", "automation", files=[("files", (name, content))])


def nothing_kept(served: Any) -> bool:
    return served.get("/bid-runs/reports").json()["items"] == [] and not served.service.files.hashes(served.account)


@pytest.mark.parametrize("what", BOMBS)
def test_reports_that_swell_are_refused_unread(served: Any, problem: Problem, what: str) -> None:
    name, made, says = BOMBS[what]
    found = problem(send(served, name, made()), 422, "bad_input")
    assert says in found["detail"]
    assert name in found["detail"]
    assert str(served.service.settings.data) not in found["detail"]
    assert nothing_kept(served)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("report.exe", "'report.exe' is not called like a report"),
        ("../../etc/passwd", "'passwd' is not called like a report"),
        (".csv", "is not called like a report"),
        ("x" * 200 + ".csv", "is not called like a report"),
    ],
)
def test_a_file_that_is_not_called_like_a_report(served: Any, problem: Problem, name: str, says: str) -> None:
    answer = send(served, name, b"a,b\n1,2\n")
    found = problem(answer, 422, "invalid_request")
    assert says in found["detail"]
    assert nothing_kept(served)


def test_names_are_shown_and_never_paths(served: Any, tmp_path: Path) -> None:
    names = ["..\\..\\climb.csv", "/etc/cron.d/run.csv", "pan\u202evsc.csv", "a;rm -rf.csv", "Größe März.csv"]
    files = [("files", (name, b"a,b\n1,2\n")) for name in names]
    made = served.post("/bid-runs/reports", "automation", files=files)
    assert made.status_code == 201, made.text
    shown = [file["name"] for file in made.json()["files"]]
    assert shown == ["climb.csv", "run.csv", "panvsc.csv", "a;rm -rf.csv", "Größe März.csv"]
    assert not list(tmp_path.rglob("climb*"))


def test_two_files_of_one_name_and_forms_of_other_things(served: Any, problem: Problem) -> None:
    twice = [("files", ("a.csv", b"a\n1\n")), ("files", ("x/a.csv", b"b\n1\n"))]
    found = problem(served.post("/bid-runs/reports", "automation", files=twice), 422, "invalid_request")
    assert "Two files are called 'a.csv'" in found["detail"]
    problem(served.post("/bid-runs/reports", "automation", json={}), 422, "invalid_request")
    other = [("other", ("a.csv", b"a\n1\n"))]
    problem(served.post("/bid-runs/reports", "automation", files=other), 422, "invalid_request")
    many = [("files", (f"{number}.csv", b"a\n1\n")) for number in range(201)]
    assert served.post("/bid-runs/reports", "automation", files=many).status_code in (400, 422)
    assert nothing_kept(served)


def test_members_of_an_archive_are_no_paths(served: Any, tmp_path: Path) -> None:
    (tmp_path / "bulk").write_bytes(b"a,b\n")
    sha256 = served.service.files.put(served.account, tmp_path / "bulk")
    names = ["../../x.csv", "/etc/passwd", "C:\\y.xlsx", "ok-amazon.xlsx", "\u202e.csv"]
    files = [{"name": name, "sha256": sha256} for name in names]
    content = zip_bytes(served.service, served.account, files)
    members = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert members == ["x.csv", "passwd", "y.xlsx", "ok-amazon.xlsx", "bulk-5.csv"]


TEXTS = {
    "not a number": '{"budget": NaN}',
    "without end": '{"budget": Infinity, "model": "m", "at": -Infinity}',
    "a number of 5,000 digits": f'{{"budget": {DIGITS}, "seed": {DIGITS}, "weeks": {DIGITS}}}',
    "beyond a double": '{"budget": 1e400, "weeks": 1e400}',
    "deeper than any reader": '{"rules": ' + "[" * 200_000 + "]" * 200_000 + "}",
    "deep": '{"rules": ' + '{"a":' * 60 + "1" + "}" * 61,
    "a NUL": '{"name": "a\\u0000b", "why": "a\\u0000b", "account_file": "\\u0000", "dataset": "\\u0000"}',
    "half a pair": '{"name": "\\ud800", "why": "\\ud800", "account_file": "\\ud800", "dataset": "\\ud800"}',
    "a list": "[]",
    "a word": '"x"',
    "null": "null",
    "nothing": "",
    "no JSON": "{budget: 1}",
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "one key many times": "{" + ",".join(['"seed": 1'] * 10_000) + "}",
}


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, serving: Any) -> Iterator[Any]:
    settings = Settings(data=tmp_path_factory.mktemp("hostile") / "data", requests_per_minute=10**7, plan_processes=0)
    with serving(settings) as served:
        yield served


@pytest.mark.parametrize("what", TEXTS)
@pytest.mark.parametrize(("verb", "path"), JSON_ROUTES)
def test_a_body_that_wants_to_break_the_reader_is_a_problem(standing: Any, verb: str, path: str, what: str) -> None:
    """Where every field has a default an empty or repeated body is one; nothing else passes, and nothing breaks."""
    filled = path.replace("{account}", standing.account)
    while "{" in filled:
        filled = f"{filled[: filled.index('{')]}none{filled[filled.index('}') + 1 :]}"
    headers = {"Authorization": f"Bearer {standing.keys['installation']}", "Content-Type": "application/json"}
    text = TEXTS[what]
    content = text if isinstance(text, bytes) else text.encode()
    answer = standing.client.request(verb, filled, content=content, headers=headers)
    assert answer.status_code < 500, answer.text
    if what not in ("null", "nothing"):
        assert answer.status_code in (400, 404, 422), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert json.loads(answer.text)["code"] in ("invalid_request", "not_found")


def test_names_of_datasets_that_look_the_same(served: Any, problem: Problem) -> None:
    panel = b"date,geo,sales\n" + b"".join(b"2024-01-%02d,north,%d\n" % (day, 10 + day) for day in range(1, 20))

    def named(name: str) -> Any:
        return served.post("/datasets", data={"name": name, "purpose": "geo_test"}, files={"file": ("p.csv", panel)})

    assert named("panel").status_code == named("panel").status_code == 201
    found = problem(named("p\u0430nel"), 409, "conflict")
    assert "CYRILLIC SMALL LETTER A" in found["detail"]
    problem(named("pan\u200bel"), 409, "conflict")
    assert named("panel of stores").status_code == 201


def test_ten_thousand_geos_are_a_panel_like_any_other(served: Any, problem: Problem) -> None:
    """Kept, locked and frozen; a list of more geos than that is refused before anything is read."""
    lines = ["date,geo,sales,tv_spend"]
    for day in range(1, 15):
        lines += [f"2024-01-{day:02},geo {geo},{100 + geo % 50 + day % 7},{5 + geo % 3}" for geo in range(10_000)]
    form = {"name": "wide", "purpose": "geo_test"}
    sent = served.post("/datasets", data=form, files={"file": ("wide.csv", "\n".join(lines).encode())})
    assert sent.status_code == 201, sent.text
    assert sent.json()["rows"] == 140_000
    test = {"dataset": sent.json()["id"], "start": "2024-01-15", "weeks": 1, "estimator": "tbr"}
    locked = served.post("/geo-tests/lock", json=test | {"treated": ["geo 1", "geo 2"]})
    assert locked.status_code == 201, locked.text
    assert len(locked.json()["control"]) == 9_998
    assert len(served.get("/geo-tests/freeze", params={"day": "2024-01-16"}).json()["freezes"]) == 10_000
    many = test | {"treated": [f"geo {geo}" for geo in range(10_001)]}
    problem(served.post("/geo-tests/lock", json=many), 422, "invalid_request")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _peak_mebibytes(process: int) -> float:
    """The most memory that the process ever held."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


@contextmanager
def alone(data: Path, key: str) -> Iterator[Any]:
    """The service in a process of its own."""
    port = _free_port()
    environment = os.environ | {"PYTHONPATH": str(Path.cwd()), "RMO_PLAN_PROCESSES": "0"}
    command = [
        sys.executable,
        "-c",
        "from api.cli.main import main; main()",
        "serve",
        "--data",
        str(data),
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}, timeout=300, trust_env=False
    )
    try:
        for _ in range(600):
            try:
                if client.get("/healthz").status_code == 200:
                    break
            except httpx.TransportError:
                assert process.poll() is None
                time.sleep(0.2)
        yield SimpleNamespace(client=client, process=process.pid)
    finally:
        client.close()
        process.terminate()
        process.wait(60)


def test_the_service_holds_no_more_memory_whatever_comes_in(tmp_path: Path, serving: Any, problem: Problem) -> None:
    """150 MiB of uploads, bombs and deep JSON, and the process has never held 120 MiB more than before."""
    with serving(Settings(data=tmp_path / "data", plan_processes=0)) as served:
        account, key = served.account, served.keys["admin"]
    with alone(tmp_path / "data", key) as service:
        reports = f"/v1/accounts/{account}/bid-runs/reports"
        small = [("files", ("a.csv", b"a,b\n1,2\n"))]
        assert service.client.post(reports, files=small).status_code == 201
        before = _peak_mebibytes(service.process)
        for name, made, _ in BOMBS.values():
            problem(service.client.post(reports, files=[("files", (name, made()))]), 422, "bad_input")
        huge = [("files", ("a.csv", b"0" * (110 * MEBIBYTE)))]
        assert service.client.post(reports, files=huge).status_code == 413
        assert service.client.post(reports, files=[("files", ("a.csv", b"a,b\n" * (10 * MEBIBYTE)))]).status_code == 201
        deep = b'{"rules": ' + b"[" * 900_000 + b"]" * 900_000 + b"}"
        service.client.post(f"/v1/accounts/{account}/plans", content=deep, headers={"Content-Type": "application/json"})
        assert _peak_mebibytes(service.process) - before < 120

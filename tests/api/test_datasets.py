"""Datasets: what is sent is checked as `rmo check` does, kept by version, and cannot hurt whatever it is."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.cli.main import run
from api.services.receive_upload import shown_name
from api.settings import MEBIBYTE, Settings


def csv_panel(
    weeks: int = 60, geos: tuple[str, ...] = ("north", "south"), extra: tuple[str, str] | None = None
) -> bytes:
    rng = np.random.default_rng(4)
    start = np.datetime64("2024-01-01")
    header = "date,geo,sales,amazon_spend,search_spend"
    lines = [header + (f",{extra[0]}" if extra else "")]
    for week in range(weeks):
        for geo in geos:
            values = rng.gamma(9, 100, 3)
            line = f"{start + 7 * week},{geo},{9 * values[0]:.2f},{values[1]:.2f},{values[2]:.2f}"
            lines.append(line + (f",{extra[1]}" if extra else ""))
    return ("\n".join(lines) + "\n").encode()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, serving: Any) -> Iterator[Any]:
    settings = Settings(
        data=tmp_path_factory.mktemp("datasets") / "data",
        plan_processes=0,
        upload_bytes=MEBIBYTE,
        upload_rows=20_000,
        upload_cells=200_000,
        check_bytes=2048 * MEBIBYTE,
    )
    with serving(settings) as served:
        yield served


def send(served: Any, content: bytes, name: str = "panel", file_name: str = "panel.csv", **fields: str) -> Any:
    return served.post("/datasets", files={"file": (file_name, content)}, data={"name": name, **fields})


def files_kept(served: Any) -> list[Path]:
    data = served.service.settings.data
    return [path for path in data.rglob("*") if path.is_file() and not path.name.startswith("rmo.sqlite")]


def test_a_panel_is_checked_and_kept_by_version(
    served: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = csv_panel()
    first = send(served, content, name="sales").json()
    second = send(served, csv_panel(70), name="sales").json()
    assert (first["version"], second["version"], first["rows"], second["rows"]) == (1, 2, 120, 140)
    (tmp_path / "panel.csv").write_bytes(content)
    assert run(["check", str(tmp_path / "panel.csv"), "--json"]) == 0
    assert first["report"] == json.loads(capsys.readouterr().out)
    assert served.get(f"/datasets/{first['id']}").json() == first
    assert served.get(f"/datasets/{first['id']}/report").json() == first["report"]
    listed = served.get("/datasets", params={"name": "sales"}).json()["items"]
    assert [item["id"] for item in listed] == [second["id"], first["id"]]
    assert served.service.files.fetch(served.account, first["sha256"]).read_bytes() == content


def test_a_map_says_what_columns_mean(served: Any) -> None:
    content = csv_panel().replace(b"date,geo,sales", b"time,place,sold")
    told = '[panel]\ndate = "time"\ngeo = "place"\n[[outcome]]\nname = "sales"\ncolumn = "sold"\n'
    for channel in ("amazon", "search"):
        told += f'[[channel]]\nname = "{channel}"\nspend = "{channel}_spend"\n'
    made = send(served, content, map=told).json()
    assert made["report"]["outcomes"] == ["sales"]
    assert made["map"] == told


def test_the_same_upload_is_done_once_whatever_its_form_looks_like(served: Any, problem: Any) -> None:
    key = {"Idempotency-Key": "upload-1"}
    sent = {"files": {"file": ("p.csv", csv_panel(64))}, "data": {"name": "once"}, "headers": key}
    first, again = served.post("/datasets", **sent), served.post("/datasets", **sent)
    assert (first.status_code, again.json()) == (201, first.json())
    other = sent | {"files": {"file": ("p.csv", csv_panel(65))}}
    problem(served.post("/datasets", **other), 409, "idempotency_conflict")


def _parquet(columns: dict[str, Any], **how: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, **how)
    return out.getvalue()


def test_parquet_serves_as_well(served: Any) -> None:
    lines = [line.split(",") for line in csv_panel().decode().split()]
    columns = {name: list(cells) for name, cells in zip(lines[0], zip(*lines[1:], strict=True), strict=True)}
    typed = {
        name: cells if name in ("date", "geo") else [float(cell) for cell in cells] for name, cells in columns.items()
    }
    assert send(served, _parquet(typed), file_name="p.parquet").json()["rows"] == 120


def _zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("panel.csv", b"0" * 50_000_000)
    return out.getvalue()


BAD_PANELS = {
    "nothing": (b"", "is empty"),
    "an e-mail in a cell": (csv_panel(extra=("note", "ann@example.com")), "person"),
    "a column of customers": (csv_panel(extra=("customer_id", "17")), "person"),
    "a zip archive": (_zip_bomb(), "zip archive"),
    "a sales cell that is no number": (csv_panel().replace(b"north", b"north,NaN,", 1), "row"),
    "infinite sales": (csv_panel(extra=("price_index", "inf")), "price_index"),
    "too few weeks": (csv_panel(10), "26"),
    "binary": (bytes(range(256)) * 40, ""),
    "parquet in name only": (b"PAR1" + b"\x00" * 500, "not a readable Parquet"),
    "a formula for a name": (csv_panel(extra=("=cmd|' /C calc'!A0_spend", "x")), ""),
}


@pytest.mark.parametrize("what", BAD_PANELS)
def test_a_panel_that_cannot_serve_leaves_nothing(served: Any, problem: Any, what: str) -> None:
    content, says = BAD_PANELS[what]
    before = files_kept(served)
    answer = problem(send(served, content, name="bad"), 422, "bad_input")
    assert says in answer["detail"]
    assert "example.com" not in answer["detail"]
    assert str(served.service.settings.data) not in answer["detail"]
    assert files_kept(served) == before
    assert served.get("/datasets", params={"name": "bad"}).json()["items"] == []


def _many_rows() -> bytes:
    return b"date,geo,sales,amazon_spend\n" + b"2024-01-01,a,1,1\n" * 30_000


def _wide() -> bytes:
    return (",".join(f"c{index}_spend" for index in range(3000)) + "\n").encode() + (b"1," * 2999 + b"1\n") * 100


def _parquet_bomb() -> bytes:
    """A few kilobytes that unfold to 19,000 cells of a megabyte each: 19 GB."""
    long = pa.DictionaryArray.from_arrays(pa.array(np.zeros(19_000, dtype=np.int32)), pa.array(["x" * 1_000_000]))
    out = io.BytesIO()
    pq.write_table(pa.table({"geo": long}), out, compression="zstd")
    return out.getvalue()


@pytest.mark.parametrize("made", [_many_rows, _wide, _parquet_bomb, lambda: b"x" * 3 * MEBIBYTE])
def test_what_is_too_large_is_refused_without_being_read(served: Any, problem: Any, made: Any) -> None:
    before = files_kept(served)
    problem(send(served, made(), name="huge"), 413, "too_large")
    assert files_kept(served) == before


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\panel.csv", "panel.csv"),
        ("a\x00b\n.csv", "ab.csv"),
        ("pan\u202exslx.csv", "panxslx.csv"),
        ("..", ".."),
        ("", "panel"),
        ("x" * 400, "x" * 255),
    ],
)
def test_file_names_are_shown_and_never_used(given: str, shown: str) -> None:
    assert shown_name(given) == shown


def test_a_name_that_climbs_writes_nowhere_else(served: Any) -> None:
    made = send(served, csv_panel(), name="../../climb", file_name="../../../escape.csv").json()
    assert made["file_name"] == "escape.csv"
    assert not list(served.service.settings.data.parent.rglob("escape*"))
    assert not list(served.service.settings.data.parent.rglob("climb*"))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"files": {}}, "file"),
        ({"files": {"other": ("p.csv", b"x")}}, "body"),
        ({"data": {}}, "name"),
        ({"data": {"name": ""}}, "name"),
        ({"data": {"name": "x" * 201}}, "name"),
        ({"data": {"name": "a\x00b"}}, "name"),
        ({"data": {"name": "x", "purpose": "profit"}}, "purpose"),
        ({"data": {"name": ["x", "y"]}}, "name"),
    ],
)
def test_a_form_that_cannot_be_used_names_the_field(
    served: Any, problem: Any, change: dict[str, Any], field: str
) -> None:
    sent: dict[str, Any] = {"files": {"file": ("p.csv", b"x")}, "data": {"name": "x"}} | change
    answer = served.post("/datasets", **{name: value for name, value in sent.items() if value})
    assert problem(answer, 422, "invalid_request")["errors"][0]["field"] == field

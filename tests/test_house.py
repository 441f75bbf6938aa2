"""The house as `ARCHITECTURE.md` draws it: directions of imports, rooms of heavy libraries, every module named."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import jupytext
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("api", "bidding", "optimizer", "measurement")
"""Each may import only those after it."""
ROOMS = {
    "pymc": {"measurement/model.py", "measurement/inference.py", "measurement/geotest/bayesian.py"},
    "pytensor": {"measurement/model.py"},
    "nutpie": {"measurement/inference.py"},
    "jax": {f"measurement/{name}.py" for name in ("likelihood", "lift_likelihood", "density", "inference")},
    "ortools": {"optimizer/solver.py", "measurement/geotest/assignment.py"},
    "openpyxl": {"bidding/reports/workbook.py", "bidding/bulk/workbook_out.py", "api/services/export_plan.py"},
    "dbos": {"api/jobs/engine.py"},
    "fastapi": {"api"},
    "typer": {"api"},
    "rich": {"api"},
    "matplotlib": {"api"},
}
LONGEST_MODULE = 320


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_imports_run_one_way(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    allowed = PACKAGES[PACKAGES.index(package) :]
    backwards = {name for name in imported(path) if name.split(".")[0] in PACKAGES} - {
        name for name in imported(path) if name.split(".")[0] in allowed
    }
    assert not backwards


@pytest.mark.parametrize("library", ROOMS)
def test_heavy_libraries_stay_in_their_rooms(library: str) -> None:
    users = {relative(path) for path in modules() if any(name.split(".")[0] == library for name in imported(path))}
    strangers = {user for user in users if user not in ROOMS[library] and user.split("/")[0] not in ROOMS[library]}
    assert not strangers


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_every_module_says_what_it_is_and_stays_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "a module begins by saying what comes in and what goes out"
    assert text.count("\n") <= LONGEST_MODULE


def test_the_architecture_names_every_module_and_no_other() -> None:
    drawn = set(
        re.findall(r"`((?:api|bidding|optimizer|measurement)/[\w/]+\.py)`", (ROOT / "ARCHITECTURE.md").read_text())
    )
    built = {relative(path) for path in modules() if path.name != "__init__.py"}
    assert drawn == built


def test_the_lock_holds_no_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--hash=sha256:" in lock


@pytest.mark.parametrize("script", sorted((ROOT / "notebooks").glob("*.py")), ids=lambda path: path.stem)
def test_notebooks_and_their_text_form_agree(script: Path) -> None:
    text = jupytext.read(script)
    notebook = jupytext.read(script.with_suffix(".ipynb"))
    assert [cell.source for cell in text.cells] == [cell.source for cell in notebook.cells]

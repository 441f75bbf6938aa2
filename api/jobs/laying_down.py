"""Files of an account and texts of a request in, plain files in the child's folder out, under names to be shown."""

import re
from pathlib import Path

from api.jobs.claim import Claim
from api.jobs.kinds import Desk, Document
from api.store.datasets import find_dataset
from api.store.tables import Dataset

PARQUET_BEGINS = b"PAR1"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}")


def lay_file(desk: Desk, claim: Claim, sha256: str, name: str) -> str:
    """A file of the account's under a name directly in the folder; returns the name. Only to be read."""
    (desk.folder / name).symlink_to(desk.files.fetch(claim.account, sha256).resolve())
    return name


def lay_text(desk: Desk, text: str | None, name: str) -> str | None:
    """A text of the request as a file; None where there is none."""
    if text is None:
        return None
    (desk.folder / name).write_text(text, encoding="utf-8")
    return name


def lay_panel(desk: Desk, claim: Claim) -> Document:
    """The request's dataset as a panel's file, with its map: the request's own, else the one it was sent with."""
    with desk.store.reading() as session:
        dataset = find_dataset(session, claim.account, claim.request["dataset"])
    source = desk.files.fetch(claim.account, dataset.sha256)
    panel = lay_file(desk, claim, dataset.sha256, _panel_name(dataset, source))
    given = claim.request.get("map")
    return {"panel": panel, "map": lay_text(desk, dataset.map if given is None else given, "panel.toml")}


def safe_name(name: str, otherwise: str) -> str:
    """The last part of a name that somebody gave, if it is harmless, else another."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return last if _NAME.fullmatch(last) else otherwise


def report_name(name: str, place: int) -> str:
    """The same of a report, whose ending tells what it is."""
    ending = next((end for end in (".map.toml", Path(name).suffix) if end and name.endswith(end)), "")
    return safe_name(name, f"report-{place}{ending if _NAME.fullmatch('x' + ending) else '.csv'}")


def _panel_name(dataset: Dataset, source: Path) -> str:
    """As its owner calls it, with the ending that its content asks for."""
    with source.open("rb") as file:
        ending = ".parquet" if file.read(4) == PARQUET_BEGINS else ".csv"
    return f"{Path(safe_name(dataset.file_name, 'panel')).stem}{ending}"

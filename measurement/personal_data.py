"""Columns that look like a person's data are refused before anything else is read; their values are never repeated."""

import re
from collections.abc import Collection, Mapping

import numpy as np

from measurement.errors import PanelError
from measurement.panel_file import Cells, Table

PERSON = (
    "customer|client|user|device|visitor|person|member|shopper|household|subscriber|session|cookie|advertising|login"
)
PERSON_NAMES = re.compile(
    rf"(.*_)?(({PERSON})_?(id|ids|key|hash|name)|phone(_?(number|no))?|telephone|mobile_?number|ip(_?(address|addr))?|cookies?"
    r"|e_?mail_?(address|addr|hash|id)|idfa|gaid|maid|ssn|passport(_number)?|(first|last|full|sur)_?name|date_of_birth)"
)
EMAIL_NAME = re.compile(r"(.*_)?e_?mail")
EMAIL_VALUE = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
IP_VALUE = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
WORD_BREAK = re.compile(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z0-9]+")
REMEDY = "delete the column: a panel holds totals per date and geo, never a person's data"


def refuse_personal_data(table: Table, amounts: Collection[str]) -> None:
    """Refuse columns that look like a person's data, by name or by value.

    Names of columns in `amounts`, of outcomes and channels, are not judged: a channel may well be called email.

    Raises:
        PanelError: naming the column, and the row where a value gave it away.
    """
    for name, cells in table.columns.items():
        if name not in amounts and _named_for_a_person(name, cells):
            raise PanelError(f"column {name!r} looks like a person's data: {REMEDY}")
        index = _first_telling_value(cells)
        if index is not None:
            what = f"column {name!r}, row {table.rows[index]}, holds what looks like an e-mail or network address"
            raise PanelError(f"{what}: {REMEDY}")


def person_like_name(name: str) -> bool:
    """Whether a column's name alone says that it identifies people."""
    plain = "_".join(part for part in WORD_BREAK.split(name) if part).lower()
    return PERSON_NAMES.fullmatch(plain) is not None or plain in {"email", "e_mail"}


def _named_for_a_person(name: str, cells: Cells) -> bool:
    plain = "_".join(part for part in WORD_BREAK.split(name) if part).lower()
    # "newsletter_email" full of numbers counts letters sent; only text in it can be addresses.
    return person_like_name(name) or (EMAIL_NAME.fullmatch(plain) is not None and not _numeric(cells))


def _numeric(cells: Cells) -> bool:
    return isinstance(cells, np.ndarray) or re.fullmatch(r"[-+0-9.,eE\s]*", "".join(cells)) is not None


def _first_telling_value(cells: Cells) -> int | None:
    if isinstance(cells, np.ndarray):
        return None
    suspects: Mapping[str, int] = {cell.strip(): index for index, cell in reversed(list(enumerate(cells)))}
    found = [index for cell, index in suspects.items() if EMAIL_VALUE.fullmatch(cell) or IP_VALUE.fullmatch(cell)]
    return min(found, default=None)

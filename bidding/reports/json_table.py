"""JSON as reporting interfaces give it in, a `Table` out: records in a list or under a key, digits as written."""

import json
from typing import Any

import numpy as np

from bidding.errors import BidError
from bidding.reports.table import Table

LIST_KEYS = ("data", "rows", "results", "records", "report")


def json_table(file: str, text: str) -> Table:
    """The records of a JSON report, or of one JSON object per line; nested objects become `outer.inner`.

    Raises:
        BidError: the file is cut short, or holds no list of records.
    """
    records = _records(file, text.lstrip("\ufeff"))
    headers: dict[str, None] = {}
    flat = []
    for record in records:
        if not isinstance(record, dict):
            raise BidError(f"{file}: a record of the report is no object: export the report as CSV")
        entry = dict(_flat("", record))
        headers.update(dict.fromkeys(entry))
        flat.append(entry)
    columns = tuple(tuple(entry.get(name, "") for entry in flat) for name in headers)
    # The header would be row 1 of a sheet: the first record is row 2.
    return Table(file, tuple(headers), columns, np.arange(len(flat), dtype=np.int64) + 2)


def _records(file: str, text: str) -> list[Any]:
    try:
        content = _parsed(text)
    except json.JSONDecodeError as error:
        try:
            content = [_parsed(line) for line in text.splitlines() if line.strip()]
        except json.JSONDecodeError:
            where = f"line {error.lineno}"
            raise BidError(f"{file}, {where}: the JSON is cut short or damaged ({error.msg}); get it again") from None
    except RecursionError:
        raise BidError(f"{file}: the JSON is nested too deeply to be a report") from None
    if isinstance(content, dict):
        content = next((content[key] for key in LIST_KEYS if isinstance(content.get(key), list)), [content])
    if not isinstance(content, list) or not content:
        raise BidError(f"{file} holds no records: get the report again")
    return content


def _parsed(text: str) -> Any:
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=lambda name: "")


def _flat(prefix: str, record: dict[str, Any]) -> list[tuple[str, str]]:
    cells: list[tuple[str, str]] = []
    for name, value in record.items():
        if isinstance(value, dict):
            cells += _flat(f"{prefix}{name}.", value)
        else:
            cells.append((prefix + name, _text(value)))
    return cells


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return value if isinstance(value, str) else json.dumps(value)

"""A schedule file (columns pair, start, end, counted_from, state) in, a `Schedule` out; and the way back to text."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from measurement.dates import labels_of, read_dates
from measurement.errors import GeoTestError
from measurement.geotest.switchback_schedule import Block, Schedule
from measurement.panel_file import Table, read_table

COLUMNS = ("pair", "start", "end", "counted_from", "state")
EPOCH = date(1970, 1, 1)


def read_schedule(path: Path) -> Schedule:
    """Read a schedule; columns besides those needed are not used.

    Raises:
        GeoTestError: a column is missing, a cell cannot be read, or the blocks are no schedule.
        PanelError: the file cannot be read as a table, or a date is no ISO date.
    """
    table = read_table(path)
    for column in COLUMNS:
        if column not in table.columns:
            raise GeoTestError(f"{path} has no column {column!r}: a schedule needs the columns {', '.join(COLUMNS)}")
    pairs, states = _texts(table, "pair"), _texts(table, "state")
    starts, ends, counted = (_days(read_dates(table, column)) for column in ("start", "end", "counted_from"))
    blocks = []
    for place, row in enumerate(table.rows):
        where = f"{path}, row {row}"
        if not pairs[place].isdecimal():
            raise GeoTestError(f"{where}: pair {pairs[place]!r} is not a number: number the pairs 1, 2, 3 and so on")
        if states[place].casefold() not in ("on", "off"):
            raise GeoTestError(f"{where}: state {states[place]!r} is not known: write on or off")
        on = states[place].casefold() == "on"
        blocks.append(Block(int(pairs[place]), starts[place], ends[place], counted[place], on))
    return Schedule(tuple(blocks))


def schedule_text(schedule: Schedule, spend_on: float | None, seed: int) -> str:
    """The schedule as CSV, with the spend planned for each block and the seed of its coins."""
    lines = ["block,pair,start,end,counted_from,state,planned_spend,seed"]
    for number, block in enumerate(schedule.blocks, 1):
        days = (block.end - block.start).days + 1
        planned = "" if spend_on is None else f"{spend_on * days * block.on:.2f}"
        state = "on" if block.on else "off"
        lines.append(f"{number},{block.pair},{block.start},{block.end},{block.counted_from},{state},{planned},{seed}")
    return "\n".join(lines) + "\n"


def _days(numbers: NDArray[np.int64]) -> list[date]:
    return [EPOCH + timedelta(days=int(number)) for number in numbers]


def _texts(table: Table, column: str) -> list[str]:
    cells = table.columns[column]
    texts = labels_of(cells) if isinstance(cells, np.ndarray) else cells
    return [text.strip() for text in texts]

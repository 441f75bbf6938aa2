"""A Parquet report's bytes in, a `Table` out: every column as text, whole numbers in full."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bidding.errors import BidError
from bidding.reports.bounds import refuse_swollen_parquet
from bidding.reports.table import Table


def parquet_table(file: str, content: bytes) -> Table:
    """The file's columns.

    Raises:
        BidError: the file is damaged, cut short, or would unfold beyond bounds.
    """
    refuse_swollen_parquet(file, content)
    try:
        table = pq.read_table(io.BytesIO(content))
        cells = tuple(tuple(_texts(column).to_pylist()) for column in table.columns)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BidError(f"{file} is not a readable Parquet file ({reason}): write it again") from None
    rows = np.arange(table.num_rows, dtype=np.int64) + 2
    return Table(file, tuple(str(name) for name in table.column_names), cells, rows)


def _texts(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = pc.strftime(column, format="%Y-%m-%d")
    elif pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    return pc.fill_null(column.cast(pa.string()), "")

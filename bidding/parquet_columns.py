"""A Parquet column in, a numpy array out; a text that repeats stands in memory once."""

from typing import Any

import numpy as np
import pyarrow as pa


def column_values(column: Any) -> Any:
    """The values of a column, chunked or not: texts as objects, days as `datetime64[D]`, the rest as its own type."""
    column = column.combine_chunks()
    kind = column.type
    if pa.types.is_string(kind):
        column = column.dictionary_encode()
    if pa.types.is_dictionary(column.type):
        return _texts(column)
    if pa.types.is_fixed_size_list(kind):
        return column.flatten().to_numpy(zero_copy_only=False)
    if pa.types.is_date(kind):
        return column.cast(pa.int32()).to_numpy(zero_copy_only=False).astype("datetime64[D]")
    return column.to_numpy(zero_copy_only=False)


def _texts(column: Any) -> Any:
    if not len(column):
        return np.empty(0, dtype=object)
    words = column.dictionary.to_numpy(zero_copy_only=False)
    return words.astype(object)[column.indices.to_numpy(zero_copy_only=False)]

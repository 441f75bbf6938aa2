"""A report's bytes in; nothing out, or a refusal of what would unfold beyond bounds, before anything of it is read."""

import io

import pyarrow as pa
import pyarrow.parquet as pq

from bidding.errors import BidError
from bidding.reports.decoding import unpacked
from bidding.reports.workbook import check_zip

PARQUET, ZIP = b"PAR1", b"PK\x03\x04"
MOST_CELLS = 100_000_000
MOST_BYTES = 1 << 31


def refuse_swollen(file: str, content: bytes) -> None:
    """Raise BidError where a packed report is damaged or would unfold beyond bounds."""
    content = unpacked(file, content)
    if content.startswith(PARQUET):
        refuse_swollen_parquet(file, content)
    elif content.startswith(ZIP):
        check_zip(file, content)


def refuse_swollen_parquet(file: str, content: bytes) -> None:
    """The same for Parquet: cells are counted too, as a few bytes can repeat one value without end."""
    try:
        found = pq.read_metadata(io.BytesIO(content))
        unfolded = sum(found.row_group(place).total_byte_size for place in range(found.num_row_groups))
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BidError(f"{file} is not a readable Parquet file ({reason}): write it again") from None
    cells = found.num_rows * found.num_columns
    if cells > MOST_CELLS or unfolded > MOST_BYTES:
        raise BidError(
            f"{file} would unfold to {cells:,} cells in {unfolded / (1 << 20):,.0f} MiB: it is not opened; export "
            "shorter periods"
        )

"""A report's bytes in, its text out, as `measurement.encoding` reads it; compressed files unpacked.

What would unpack to more than `LARGEST_TEXT` is refused before it fills the memory.
"""

import gzip
import io
import zlib

from bidding.errors import BidError
from measurement import encoding
from measurement.errors import PanelError

LARGEST_TEXT = 1 << 30
PIECE = 1 << 20
GZIP = b"\x1f\x8b"


def unpacked(file: str, content: bytes) -> bytes:
    """The content, unpacked where it is gzip.

    Raises:
        BidError: the file was cut short or damaged, or unpacks to more than a report can be.
    """
    if not content.startswith(GZIP):
        return content
    out = io.BytesIO()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            while piece := stream.read(PIECE):
                out.write(piece)
                if out.tell() > LARGEST_TEXT:
                    raise BidError(f"{file} unpacks to more than {LARGEST_TEXT >> 20} MiB: no report is that large")
    except EOFError:
        raise BidError(f"{file} is cut short: its compressed data end too early; download it again") from None
    except (OSError, zlib.error) as error:
        raise BidError(f"{file} cannot be unpacked ({error}): download it again") from None
    return out.getvalue()


def decoded(file: str, content: bytes) -> tuple[str, tuple[str, ...]]:
    """The text, and a warning where the encoding had to be guessed.

    Raises:
        BidError: it is no text.
    """
    try:
        text, guessed = encoding.decoded(file, content, "download the report again as CSV, XLSX or JSON")
    except PanelError as error:
        raise BidError(str(error)) from None
    return text, () if guessed is None else (f"{file} is not UTF-8 and was read as {guessed}: check accented names",)

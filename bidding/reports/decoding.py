"""A file's bytes in, its text out, in whatever encoding a console or a spreadsheet wrote it; compressed files unpacked.

What would unpack to more than `LARGEST_TEXT` is refused before it fills the memory.
"""

import gzip
import io
import re
import zlib

from bidding.errors import BidError

LARGEST_TEXT = 1 << 30
PIECE = 1 << 20
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0e-\x1b]")
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
    encoding, note = _encoding(file, content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise BidError(f"{file} is not readable text ({encoding} was tried): download it again as CSV") from None
    if CONTROL_CHARACTERS.search(text):
        raise BidError(f"{file} is not a table but binary data: download the report as CSV, XLSX or JSON")
    return text, note


def _encoding(file: str, content: bytes) -> tuple[str, tuple[str, ...]]:
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return encoding, ()
    # UTF-16 without its mark: every other byte of Latin text is zero.
    zeros = [content[start:2000:2].count(0) for start in (0, 1)]
    if max(zeros) > 0.3 * len(content[:2000:2]):
        return ("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"), ()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        # Latin-1 gives every byte a meaning; Windows-1252 is what programs mean by it.
        known = "cp1252" if not set(content) & {0x81, 0x8D, 0x8F, 0x90, 0x9D} else "latin-1"
        return known, (f"{file} is not UTF-8 and was read as {known}: check accented names",)
    return "utf-8", ()

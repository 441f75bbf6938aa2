"""A file's bytes in, its text out, in whatever encoding a console or a spreadsheet wrote it."""

import re

from measurement.errors import PanelError

MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0e-\x1b]")
NOT_IN_WINDOWS = frozenset({0x81, 0x8D, 0x8F, 0x90, 0x9D})
"""Bytes to which Windows-1252 gives no meaning; Latin-1 gives one to every byte."""


def decoded(file: str, content: bytes, remedy: str) -> tuple[str, str | None]:
    """The text, and the encoding where it had to be guessed, in words; None where the bytes tell it.

    Raises:
        PanelError: it is no text; the message names the file and ends with the remedy.
    """
    encoding, guessed = _encoding(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise PanelError(f"{file} is not readable text ({encoding} was tried): {remedy}") from None
    if CONTROL_CHARACTERS.search(text):
        raise PanelError(f"{file} is not a table but binary data: {remedy}")
    return text, guessed


def _encoding(content: bytes) -> tuple[str, str | None]:
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return encoding, None
    # UTF-16 without its mark: every other byte of Latin text is zero.
    zeros = [content[start:2000:2].count(0) for start in (0, 1)]
    if max(zeros) > 0.3 * len(content[:2000:2]):
        return ("utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"), None
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        # Windows-1252 is what programs mean by Latin-1.
        return ("latin-1", "Latin-1") if set(content) & NOT_IN_WINDOWS else ("cp1252", "Windows-1252")
    return "utf-8", None

"""Text in whatever encoding a program wrote it; what is no text is refused with the caller's remedy."""

import pytest

from measurement.encoding import decoded
from measurement.errors import PanelError

TEXT = "Datum;Umsatz\n2026-05-10;größer als 5 €\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_what_the_bytes_tell_is_no_guess(encoding: str) -> None:
    assert decoded("a.csv", TEXT.encode(encoding), "save it again") == (TEXT, None)


def test_windows_is_guessed_and_latin_where_windows_gives_no_meaning() -> None:
    assert decoded("a.csv", TEXT.encode("cp1252"), "save it again") == (TEXT, "Windows-1252")
    assert decoded("a.csv", b"caf\xe9 \x8d\n", "save it again") == ("café \x8d\n", "Latin-1")


def test_binary_data_are_refused_by_name_and_remedy() -> None:
    with pytest.raises(PanelError, match=r"a\.csv is not a table but binary data: save it again"):
        decoded("a.csv", b"date,sales\n\x01\x02,3\n", "save it again")

"""A name in, how it looks out, so that names that only look the same are told apart before they are counted apart.

Compared are composition and width (Unicode's NFKC), case, blanks, letters that cannot be seen, and those letters of
other alphabets that have a Latin double (after Unicode's table of confusables, the whole-letter doubles only).
"""

import unicodedata
from collections.abc import Iterable

from measurement.errors import PanelError

_DOUBLES = str.maketrans(
    {
        **dict(zip("аеорсухіјѕһԁԛԝӏѵ", "aeopcyxijshdqwlv", strict=True)),
        **dict(zip("АВЕКМНОРСТУХІЈЅԌԚԜӀѴ", "ABEKMHOPCTYXIJSGQWlV", strict=True)),
        **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
        **dict(zip("ονιρυα", "ovipua", strict=True)),
        **dict(zip("օսոհյցԼՏՕ", "ounhjgLSO", strict=True)),
        **dict(zip("ıǀ‐‑‒–—−’‘", "il------''", strict=True)),
    }
)


def appearance(name: str) -> str:
    """What the name looks like: equal for names that a reader cannot tell apart."""
    plain = unicodedata.normalize("NFKC", name)
    seen = "".join(letter for letter in plain if unicodedata.category(letter) not in ("Cf", "Cc", "Co", "Cn", "Cs"))
    return " ".join(seen.translate(_DOUBLES).casefold().split())


def refuse_lookalikes(names: Iterable[str], what: str) -> None:
    """Refuse names that differ and look the same.

    Raises:
        PanelError: the first two, and the first letter in which they differ.
    """
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(appearance(name), name)
        if other != name:
            raise PanelError(f"{what} {other!r} and {name!r} {difference(other, name)}: write one name in one way")


def difference(first: str, second: str) -> str:
    """Why two names that look the same are not: the first letter in which they differ, by its name."""
    length = min(len(first), len(second))
    place = next((place for place in range(length) if first[place] != second[place]), length)
    if first.casefold() == second.casefold() or first.split() == second.split():
        return "differ only in case or blanks"
    letters = [text[place : place + 1] for text in (first, second)]
    told = [unicodedata.name(letter, f"U+{ord(letter):04X}") if letter else "its end" for letter in letters]
    return f"look the same and differ in letter {place + 1} ({told[0]}, {told[1]})"

"""Which columns a report has, by their plain headers: a table in, the report that it is and where its fields stand out.

A header in another language is recognised as such, and answered with how to export in English.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bidding.errors import BidError
from bidding.reports.languages import language_of
from bidding.reports.table import Table, plain_header
from bidding.snapshot import Platform


@dataclass(frozen=True)
class Field:
    """One thing that a report tells: the headers that may name it, most telling first, and whether it must be there."""

    name: str
    headers: tuple[str, ...]
    required: bool = False

    def plain(self) -> tuple[str, ...]:
        """The headers as they are compared."""
        return tuple(plain_header(header) for header in self.headers)


@dataclass(frozen=True)
class Schema:
    """A report.

    Attributes:
        name: for people.
        platform: whose it is.
        fields: what it tells.
        telling: headers of which one must be there, else it is another report; () for none.
        one_of: fields of which one must be there.
    """

    name: str
    platform: Platform
    fields: tuple[Field, ...]
    telling: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()

    def known(self) -> frozenset[str]:
        """Every plain header of this report."""
        return frozenset(header for field in self.fields for header in field.plain())

    def places(self, names: Sequence[str]) -> dict[str, int]:
        """Column of every field that is there."""
        by_name = {name: place for place, name in reversed(list(enumerate(names)))}
        found = {}
        for field in self.fields:
            place = next((by_name[header] for header in field.plain() if header in by_name), None)
            if place is not None:
                found[field.name] = place
        return found

    def missing(self, names: Sequence[str]) -> tuple[str, ...]:
        """Required fields that are not there, by the header that usually names them."""
        places = self.places(names)
        missing = [field.headers[0] for field in self.fields if field.required and field.name not in places]
        if self.one_of and not places.keys() & set(self.one_of):
            missing += [field.headers[0] for field in self.fields if field.name == self.one_of[0]]
        return tuple(missing)

    def is_told(self, names: Iterable[str]) -> bool:
        """Whether a header stands there by which this report is known from others."""
        here = set(names)
        return not self.telling or any(plain_header(header) in here for header in self.telling)


def known_headers(schemas: Iterable[Schema]) -> frozenset[str]:
    """Every plain header of any of the reports."""
    return frozenset().union(*(schema.known() for schema in schemas))


def recognised(table: Table, schemas: Sequence[Schema]) -> tuple[Schema, Mapping[str, int]]:
    """The report that a table is: of those with all required columns the one with most fields; the first of equals.

    Raises:
        BidError: it is none; the message says which columns the nearest one misses, and in which language they are.
    """
    names = table.names()
    whole = [schema for schema in schemas if not schema.missing(names) and schema.is_told(names)]
    if whole:
        best = max(whole, key=lambda schema: len(schema.places(names)))
        return best, best.places(names)
    language = language_of(names)
    if language:
        shown = ", ".join(table.headers[:4])
        raise BidError(
            f"{table.file}: the headers are in {language} ({shown}, ...): switch the console to English and export "
            f"again, or map the columns in {table.file.split('.')[0]}.map.toml"
        )
    nearest = max(schemas, key=lambda schema: (schema.is_told(names), len(schema.places(names))))
    if len(nearest.places(names)) < 2:
        shown = ", ".join(table.headers[:6])
        raise BidError(
            f"{table.file}: no report of a known kind has the columns {shown}: export it in English, map its columns "
            f"in {table.file.split('.')[0]}.map.toml, or take it out of the folder"
        )
    missing = ", ".join(nearest.missing(names)) or f"one of {', '.join(nearest.telling)}"
    raise BidError(
        f"{table.file}: looks like {nearest.name} but these columns are missing: {missing}. "
        "Export it again with them, in English"
    )

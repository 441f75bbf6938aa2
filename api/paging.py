"""Lists by cursor: where the last page ended in, one page and where it ends out; newest first.

The cursor is the last id seen, so rows that come or go meanwhile neither repeat nor hide others.
"""

import base64
import binascii
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from api.refusals import BadRequest

DEFAULT_LIMIT, LARGEST_LIMIT = 50, 200

Row = TypeVar("Row")


@dataclass(frozen=True)
class PageRequest:
    """How many rows at most, and after which."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows, and the cursor of the next page or None."""

    items: Sequence[Row]
    next: str | None

    def to_json(self, of: Callable[[Row], dict[str, Any]]) -> dict[str, Any]:
        """The page as every list answers."""
        return {"items": [of(item) for item in self.items], "next": self.next}


def page_of(
    session: Session, rows: "Select[*tuple[Any, ...]]", order: InstrumentedAttribute[Any], page: PageRequest
) -> Page[Any]:
    """One page of a selection of whole rows or of columns, in falling order of `order`, a column without repeats.

    Raises:
        BadRequest: the cursor is none that a page ended with.
    """
    if page.cursor is not None:
        kind = order.type.python_type
        rows = rows.where(order < _position(page.cursor, kind))
    found = session.execute(rows.order_by(order.desc()).limit(page.limit + 1)).all()
    items = [row[0] if len(row) == 1 else row for row in found[: page.limit]]
    more = len(found) > page.limit
    return Page(items, _cursor(getattr(items[-1], order.key)) if more else None)


def page_of_places(places: Sequence[int], page: PageRequest) -> Page[int]:
    """One page of the places, in rising order, of rows that never change. Raises BadRequest."""
    start = 0 if page.cursor is None else bisect_right(places, _position(page.cursor, int))
    items = [int(place) for place in places[start : start + page.limit]]
    more = start + page.limit < len(places)
    return Page(items, _cursor(items[-1]) if more else None)


def page_of_entries(count: int, page: PageRequest) -> Page[int]:
    """One page of the numbers 1 to `count`, newest first, of entries that only grow. Raises BadRequest."""
    last = count if page.cursor is None else min(_position(page.cursor, int) - 1, count)
    items = list(range(last, max(last - page.limit, 0), -1))
    return Page(items, _cursor(items[-1]) if items and items[-1] > 1 else None)


def _cursor(position: object) -> str:
    return base64.urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def _position(cursor: str, kind: type) -> Any:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        if not text.isprintable() or len(text) > 40:
            raise ValueError(text)
        position = kind(text)
        if kind is int and not 0 <= position < 1 << 62:
            raise ValueError(text)
    except (ValueError, binascii.Error):
        raise BadRequest("Take the cursor from `next` of the page before.", "cursor") from None
    return position

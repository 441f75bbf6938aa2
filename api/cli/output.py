"""Where a command's words go: the answer to standard output, everything else to standard error."""

import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from api.plain_json import as_text

_VERDICT_STYLES = {"measured": "green", "weak": "yellow", "not_measurable": "red"}
_STATUS_STYLES = {"accepted": "green", "accepted_with_warnings": "yellow", "refused": "red"}
_WIDTH_WITHOUT_TERMINAL = 140


def people() -> Console:
    """Standard output for people; wide enough for the tables when it is a file or a pipe."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL)


def aside() -> Console:
    """Standard error: progress, warnings and messages."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def note(message: str) -> None:
    """One plain line on standard error."""
    print(message, file=sys.stderr, flush=True)


def warn(messages: Sequence[str]) -> None:
    """Each warning as a line of its own on standard error."""
    for message in messages:
        note(f"warning: {message}")


def print_json(answer: Mapping[str, Any]) -> None:
    """The one JSON object of a command."""
    print(as_text(answer), flush=True)


@contextmanager
def computing() -> Iterator[None]:
    """While libraries work: what they print goes to standard error, their warnings nowhere unless RMO_DEBUG is set."""
    with redirect_stdout(sys.stderr), warnings.catch_warnings():
        if not debugging():
            warnings.showwarning = _forget  # type: ignore[assignment]
        yield


def _forget(*_: object) -> None:
    """Libraries put warning filters of their own back, so warnings are dropped where they would be shown."""


def debugging() -> bool:
    """Whether the person at the keyboard wants tracebacks and library warnings."""
    return bool(os.environ.get("RMO_DEBUG"))


def table(title: str, columns: Sequence[str]) -> Table:
    """An empty table; a column whose name starts with `<` holds text, every other holds numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False)
    made.padding = (0, 2, 0, 0)
    for name in columns:
        if name.startswith("<"):
            made.add_column(name[1:], overflow="fold")
        else:
            made.add_column(name, justify="right", no_wrap=True)
    return made


def safe(text: str) -> str:
    """Text from a file or a name, shown as it is."""
    return escape(text)


def coloured_verdict(verdict: str) -> str:
    """A channel's verdict in its colour."""
    return _coloured(verdict, _VERDICT_STYLES)


def coloured_status(status: str) -> str:
    """A model's status in its colour."""
    return _coloured(status, _STATUS_STYLES)


def _coloured(value: str, styles: Mapping[str, str]) -> str:
    style = styles.get(value, "none")
    return f"[{style}]{value.replace('_', ' ')}[/{style}]"

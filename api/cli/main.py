"""The `rmo` command: arguments in, exit code out. 0 done, 2 bad input, 3 the answer is a refusal."""

import os
import sys
import traceback
from collections.abc import Sequence

import typer

from api.cli import (
    admin,
    admin_backup,
    admin_operations,
    admin_privacy,
    bids,
    check,
    compare,
    demo,
    fit,
    geo,
    geo_analyze,
    geo_lock,
    plan,
    report,
    serve,
    simulate,
    worker,
)
from api.cli.exits import ExitCode, explain
from api.cli.output import debugging, note

app = typer.Typer(
    name="rmo",
    help="What each advertising channel really sells, and how to split a budget.",
    epilog="Start with: rmo demo. With your own file: rmo check, rmo fit, rmo plan.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for module in (
    demo,
    simulate,
    check,
    fit,
    report,
    compare,
    plan,
    geo,
    geo_lock,
    geo_analyze,
    bids,
    serve,
    worker,
    admin,
):
    module.register(app)
for group in (admin_backup, admin_privacy, admin_operations):
    group.register(admin.app)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; every error becomes one message on standard error."""
    try:
        code = app(list(arguments), prog_name="rmo", standalone_mode=False)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except Exception as error:
        return _failed(error)
    if code == ExitCode.INTERRUPTED:
        note("rmo: interrupted; nothing was left half-written")
    return int(code or ExitCode.DONE)


def main() -> None:
    """Entry point of the console script."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.FAULT
    sys.exit(code)


def _failed(error: Exception) -> int:
    if isinstance(error, BrokenPipeError):
        raise error
    if debugging():
        traceback.print_exception(error)
    explained = explain(error)
    if explained is None:
        kind = type(error).__name__
        note(f"rmo: a fault of the program, not of your input ({kind}: {error}). RMO_DEBUG=1 shows where.")
        return ExitCode.FAULT
    code, message = explained
    note(f"rmo: {message}" if message else "rmo: see rmo --help")
    return code

"""`rmo bids`: a night's reports in, a run of bids out; approved, written, put back and stopped through its ledger."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.exits import ExitCode
from api.cli.options import Json, Seed, UnusedSeed
from api.cli.output import computing, note, people, print_json

if TYPE_CHECKING:
    import numpy as np

    from bidding.ledger_file import FileLedger

_DAY = {"formats": ["%Y-%m-%d"], "metavar": "YYYY-MM-DD"}
AccountFile = Annotated[Path, typer.Option("--account", help="The account.toml.", show_default=False)]
Reports = Annotated[Path, typer.Option("--reports", help="Folder of the platforms' exports.", show_default=False)]
PlanFile = Annotated[Path, typer.Option("--plan", help="The answer of rmo plan --json.", show_default=False)]
Factors = Annotated[Path | None, typer.Option("--factors", help="A model of rmo fit: what sales are incremental.")]
Availability = Annotated[Path | None, typer.Option("--availability", help="availability.csv: stock and buy box.")]
Events = Annotated[Path | None, typer.Option("--events", help="events.csv: days of unusual demand.")]
FreezeFile = Annotated[Path | None, typer.Option("--freeze", help="Running geo tests: channel,geo,start,end,test.")]
Archive = Annotated[Path | None, typer.Option("--archive", help="Folder that keeps every pull of the reports.")]
LedgerFolder = Annotated[Path, typer.Option("--ledger", help="Folder of the account's ledger.")]
Today = Annotated[datetime | None, typer.Option("--today", help="The day bids are set for; default today.", **_DAY)]
PlanStart = Annotated[datetime | None, typer.Option("--plan-start", help="First day of the plan's week 1.", **_DAY)]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="The run, or the beginning of its name.")]
By = Annotated[str, typer.Option("--by", help="The person's name.", show_default=False)]
Out = Annotated[Path, typer.Option("--out", help="Folder for the bulk files.", show_default=False)]

LEDGER = Path("ledger")
_PROPOSE = "Example: rmo bids propose --account account.toml --reports reports --plan plan.json --factors model"
_APPLY = "Example: rmo bids apply 20260511-0a1b --out bulk"
_ROLLBACK = "Example: rmo bids rollback 20260511-0a1b --account account.toml --reports fresh --out undo"
_KILL = "Example: rmo bids kill --scope channel:amazon --by Ann --why 'prices are wrong'"
bids = typer.Typer(help="Daily bids within the plan's budget.", no_args_is_help=True, pretty_exceptions_enable=False)


def register(app: typer.Typer) -> None:
    """Add the commands under `rmo bids`."""
    bids.command(epilog=_PROPOSE)(propose)
    bids.command(epilog="Example: rmo bids approve 20260511-0a1b --by Ann")(approve)
    bids.command(epilog=_APPLY)(apply)
    bids.command(epilog=_ROLLBACK)(rollback)
    bids.command(epilog="Example: rmo bids ledger --json")(ledger)
    bids.command(epilog=_KILL)(kill)
    app.add_typer(bids, name="bids")


def propose(
    account: AccountFile,
    reports: Reports,
    plan: PlanFile,
    factors: Factors = None,
    availability: Availability = None,
    events: Events = None,
    freeze: FreezeFile = None,
    archive: Archive = None,
    ledger: LedgerFolder = LEDGER,
    today: Today = None,
    plan_start: PlanStart = None,
    seed: Seed = 0,
    json: Json = False,
) -> int:
    """Propose the night's bids: every change with its reason, everything held back with its guardrail."""
    from api.bid_json import run_json
    from api.services.propose_bids import BidFiles, NightSettings, propose_bids
    from bidding.account_file import read_account

    files = BidFiles(account, reports, plan, factors, availability, events, freeze, archive)
    zone = read_account(account).time_zone
    with computing():
        run = propose_bids(files, _ledger(ledger), NightSettings(_day(today, zone), _start(plan_start), seed, note))
    if json:
        print_json(run_json(run))
    else:
        from api.cli.bid_tables import SHOWN, print_run

        print_run(people(), run_json(run, SHOWN), run.account.currency)
    return ExitCode.DONE


def approve(run: RunName, by: By, ledger: LedgerFolder = LEDGER, seed: UnusedSeed = 0, json: Json = False) -> int:
    """Approve a run that is too large to be written unseen."""
    from api.services.change_bids import approve_run

    answer = approve_run(_ledger(ledger), run, by)
    if json:
        print_json(answer)
    else:
        people().print(f"Run {answer['run']} is approved by {answer['approved_by']} ({answer['approved_at']})")
    return ExitCode.DONE


def apply(
    run: RunName,
    out: Out,
    ledger: LedgerFolder = LEDGER,
    today: Today = None,
    seed: UnusedSeed = 0,
    json: Json = False,
) -> int:
    """Write a run's bulk files; a second time writes nothing, one that was stopped goes on. Exit code 3: refused."""
    from api.services.change_bids import Writing, apply_run

    book = _ledger(ledger)
    zone = book.load_run(run).account.time_zone
    answer = apply_run(book, run, Writing(out, _day(today, zone), _count))
    if json:
        print_json(answer)
    else:
        from api.cli.bid_tables import print_written

        print_written(people(), answer)
    return ExitCode.REFUSED if answer["refused_because"] else ExitCode.DONE


def rollback(
    run: RunName,
    account: AccountFile,
    reports: Reports,
    out: Out,
    ledger: LedgerFolder = LEDGER,
    today: Today = None,
    seed: UnusedSeed = 0,
    json: Json = False,
) -> int:
    """Put back exactly what stood before a run, where the live value is still the run's; fresh reports say what is."""
    from api.services.change_bids import Writing, roll_back

    book = _ledger(ledger)
    zone = book.load_run(run).account.time_zone
    with computing():
        answer = roll_back(book, run, account, reports, Writing(out, _day(today, zone), _count))
    if json:
        print_json(answer)
    else:
        from api.cli.bid_tables import print_rolled_back

        print_rolled_back(people(), answer)
    return ExitCode.DONE


def ledger(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="One run only.")] = None,
    folder: LedgerFolder = LEDGER,
    seed: UnusedSeed = 0,
    json: Json = False,
) -> int:
    """Show what was proposed, approved, written, put back and stopped."""
    from api.services.change_bids import ledger_json

    answer = ledger_json(_ledger(folder), run)
    if json:
        print_json(answer)
    else:
        from api.cli.bid_tables import print_ledger

        print_ledger(people(), answer)
    return ExitCode.DONE


def kill(
    scope: Annotated[str, typer.Option("--scope", help="global, account, channel:NAME or campaign:ID.")],
    by: By,
    why: Annotated[str, typer.Option("--why", help="For whoever reads the reasons.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Let it run again.")] = False,
    ledger: LedgerFolder = LEDGER,
    seed: UnusedSeed = 0,
    json: Json = False,
) -> int:
    """Stop bids at once, also a run that is being written; --lift lets them run again."""
    from bidding.kill_switch import lift as lift_scope
    from bidding.kill_switch import scope_from, throw

    book = _ledger(ledger)
    (lift_scope if lift else throw)(book, scope_from(scope), by, why)
    answer = {"stopped": [on.to_json() for on in book.kills()]}
    if json:
        print_json(answer)
    else:
        people().print(
            "Stopped: " + (", ".join(f"{on['scope']} {on['name']}".strip() for on in answer["stopped"]) or "nothing")
        )
    return ExitCode.DONE


def _ledger(folder: Path) -> "FileLedger":
    from bidding.ledger_file import FileLedger

    return FileLedger(folder)


def _day(given: datetime | None, zone: str) -> "np.datetime64":
    """The day as given, else today where the account is."""
    from zoneinfo import ZoneInfo

    import numpy as np

    return np.datetime64((given or datetime.now(ZoneInfo(zone))).date(), "D")


def _start(given: datetime | None) -> "np.datetime64 | None":
    import numpy as np

    return None if given is None else np.datetime64(given.date(), "D")


def _count(done: int, of: int) -> None:
    note(f"{done:,} of {of:,} items")

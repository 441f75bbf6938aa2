"""Changes and the snapshot that they are from in; the platforms' bulk files on disk out, all of them or none."""

from collections.abc import Sequence
from pathlib import Path

from bidding.account import Account
from bidding.bulk.amazon import amazon_table
from bidding.bulk.csv_out import csv_bytes
from bidding.bulk.entities import Located, located_changes
from bidding.bulk.other_platforms import meta_table, other_table, walmart_tables
from bidding.bulk.search_engines import google_table, microsoft_table
from bidding.bulk.table import BulkFormat, BulkTable
from bidding.bulk.workbook_out import workbook_bytes
from bidding.changes import BidChange
from bidding.errors import BidError
from bidding.snapshot import Platform, Snapshot


def write_bulk(
    changes: Sequence[BidChange],
    snapshot: Snapshot,
    account: Account,
    folder: Path | str,
    form: BulkFormat = BulkFormat.XLSX,
) -> tuple[Path, ...]:
    """Write one file per platform (up to four for Walmart) that holds the changed rows only.

    Args:
        changes: what to write; none gives no file.
        snapshot: the account as it was when the changes were made.
        account: its marketplace decides the limits.
        folder: where the files go; made where it is missing.
        form: of Amazon's bulksheet.

    Raises:
        BidError: a change that must not or cannot be written, a file that exists already; nothing is written then.
    """
    places = located_changes(changes, snapshot, account)
    contents = {}
    for platform in dict.fromkeys(change.platform for change in changes):
        mine = [place for place in places if place.change.platform == platform]
        for table in _tables(Platform(platform), mine, snapshot, form):
            content = workbook_bytes(table) if table.format is BulkFormat.XLSX else csv_bytes(table)
            contents[Path(folder) / f"{table.stem}.{table.format.value}"] = content
    return _written(contents)


def _tables(
    platform: Platform, places: Sequence[Located], snapshot: Snapshot, form: BulkFormat
) -> tuple[BulkTable, ...]:
    if platform is Platform.AMAZON:
        return (amazon_table(places, snapshot, form),)
    if platform is Platform.WALMART:
        return walmart_tables(places, snapshot)
    if platform is Platform.GOOGLE:
        return (google_table(places, snapshot),)
    if platform is Platform.MICROSOFT:
        return (microsoft_table(places, snapshot),)
    if platform is Platform.META:
        return (meta_table(places, snapshot),)
    return (other_table(places, snapshot, platform.value),)


def _written(contents: dict[Path, bytes]) -> tuple[Path, ...]:
    existing = next((path for path in contents if path.exists()), None)
    if existing is not None:
        raise BidError(f"{existing} exists already and is not written over: move it away or name another folder")
    done: list[Path] = []
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            # "x" refuses a file that another run made meanwhile.
            with path.open("xb") as stream:
                done.append(path)
                stream.write(content)
    except OSError as error:
        for path in done:
            path.unlink(missing_ok=True)
        raise BidError(
            f"{error.filename or 'the folder'}: the bulk file cannot be written ({error.strerror})"
        ) from None
    return tuple(done)

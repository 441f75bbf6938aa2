"""A table of any other retailer, by the names below or by a map: `NAME.map.toml` beside it says which column is which.

```toml
files = "instacart*.csv"     # of the folder; default: files whose name begins with NAME
platform = "other"           # whose limits hold; default other
[columns]
date = "Day"                 # our name = the file's header
target_id = "Keyword UUID"
```
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from bidding.errors import BidError
from bidding.reports.identifiers import read_any_id
from bidding.reports.schema import Field, Schema
from bidding.reports.target_report import TargetReport
from bidding.snapshot import Platform
from optimizer.errors import unknown_name

NAMES = {
    "day": "date",
    "target": "target_id",
    "text": "target",
    "match": "match",
    "campaign": "campaign_id",
    "campaign_name": "campaign",
    "ad_group": "ad_group_id",
    "ad_group_name": "ad_group",
    "product": "product",
    "bid": "bid",
    "impressions": "impressions",
    "clicks": "clicks",
    "cost": "cost",
    "orders": "orders",
    "sales": "sales",
    "new_to_brand_sales": "new_to_brand_sales",
    "halo_sales": "halo_sales",
    "budget": "daily_budget",
    "out_of_budget": "out_of_budget",
    "sku": "sku",
    "status": "status",
    "campaign_status": "campaign_status",
    "strategy": "strategy",
    "target_roas": "target_roas",
    "currency": "currency",
}
"""Our field by the name that it has in the generic table."""
REQUIRED = frozenset({"day", "target", "campaign", "bid", "clicks", "cost", "orders", "sales"})
ENDING = ".map.toml"
MAP_KEYS = ("files", "platform", "columns")

GENERIC = TargetReport(
    Schema(
        "a generic table of targets",
        Platform.OTHER,
        tuple(Field(field, (name,), field in REQUIRED) for field, name in NAMES.items()),
        ("target_id",),
    ),
    read_id=read_any_id,
    daily_bid=True,
)


@dataclass(frozen=True)
class TableMap:
    """A map: the files that it is for, and how they are read."""

    name: str
    files: str
    report: TargetReport

    def fits(self, file: str) -> bool:
        """Whether it is for this file, by its path in the folder or by its name in a sub-folder."""
        names = (file.casefold(), file.casefold().rpartition("/")[2])
        return any(fnmatchcase(name, self.files.casefold()) for name in names)


def table_maps(folder: Path) -> tuple[TableMap, ...]:
    """The maps of a folder.

    Raises:
        BidError: one cannot be read, or has an unknown key.
    """
    return tuple(_map(path, path.relative_to(folder).as_posix()) for path in sorted(folder.rglob(f"*{ENDING}")))


def _map(path: Path, name: str) -> TableMap:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BidError(f"{name}: this map cannot be read ({error})") from None
    for key in content:
        if key not in MAP_KEYS:
            raise BidError(f"{name}: {unknown_name('key', key, MAP_KEYS)}")
    platform = content.get("platform", Platform.OTHER.value)
    known = [entry.value for entry in Platform]
    if platform not in known:
        raise BidError(f"{name}: {unknown_name('platform', str(platform), known)}")
    columns = content.get("columns")
    if not isinstance(columns, dict):
        raise BidError(f'{name}: the table [columns] is missing, with lines such as date = "Day"')
    files = content.get("files", f"{name.removesuffix(ENDING)}*")
    if not isinstance(files, str):
        raise BidError(f'{name}: files must be text such as "instacart*.csv"')
    return TableMap(name, files, _report(name, columns, Platform(platform)))


def _report(name: str, columns: Mapping[str, Any], platform: Platform) -> TargetReport:
    fields = []
    for key, header in columns.items():
        if key not in NAMES.values():
            raise BidError(f"{name}: {unknown_name('column', key, NAMES.values())}")
        if not isinstance(header, str) or not header:
            raise BidError(f"{name}: {key} must be the text of a header")
    for field, own in NAMES.items():
        header = columns.get(own, own)
        fields.append(Field(field, (header,), field in REQUIRED or own in columns))
    schema = Schema(f"what {name} maps", platform, tuple(fields))
    return replace(GENERIC, schema=schema)

"""Arguments that several commands share, declared once."""

from pathlib import Path
from typing import Annotated

import typer

LARGEST_SEED = 2**32 - 1

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Seed = Annotated[
    int, typer.Option("--seed", min=0, max=LARGEST_SEED, metavar="N", help="Same input and seed, same answer.")
]
UnusedSeed = Annotated[
    int,
    typer.Option(
        "--seed", min=0, max=LARGEST_SEED, metavar="N", help="Taken as by every command; nothing is random here."
    ),
]
PanelFile = Annotated[Path, typer.Argument(metavar="PANEL", help="The panel, CSV or Parquet.", show_default=False)]
MapFile = Annotated[Path | None, typer.Option("--map", help="A panel.toml that names the file's columns.")]
Controls = Annotated[str, typer.Option("--controls", help="Further columns to admit as controls: a,b.")]
ModelFolder = Annotated[Path, typer.Argument(metavar="MODEL", help="A model stored by rmo fit.", show_default=False)]

Data = Annotated[
    Path | None, typer.Option("--data", help="Folder of the embedded service. Default: rmo-data.", show_default=False)
]


def names(text: str) -> tuple[str, ...]:
    """`a, b` → `("a", "b")`."""
    return tuple(part.strip() for part in text.split(",") if part.strip())

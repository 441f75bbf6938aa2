"""`rmo simulate`: a seed in, the panel, experiments and truth of a made-up advertiser out."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.exits import ExitCode
from api.cli.options import Json, Seed
from api.cli.output import computing, people, print_json

Out = Annotated[Path, typer.Option("--out", help="Folder to write into.", show_default=False)]
Geos = Annotated[int, typer.Option("--geos", help="Number of geos.")]
Weeks = Annotated[int, typer.Option("--weeks", help="Number of weeks.")]
Kind = Annotated[str, typer.Option("--kind", help="What is hard about it; an unknown kind lists them all.")]

_FILES = ("panel.csv", "experiments.csv", "map.toml", "truth.json")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: rmo simulate --out world --geos 20 --weeks 104 --seed 5")(simulate)


def simulate(
    out: Out, geos: Geos = 20, weeks: Weeks = 104, kind: Kind = "plain", seed: Seed = 0, json: Json = False
) -> int:
    """Make up an advertiser whose true incremental sales are known."""
    from api.services.simulate_advertiser import simulate_advertiser
    from measurement.simulate import WorldKind, WorldSpec, write_world

    kinds = [known.value for known in WorldKind]
    if kind not in kinds:
        raise typer.BadParameter(f"unknown kind {kind!r}; there are {', '.join(kinds)}", param_hint="--kind")
    with computing():
        write_world(simulate_advertiser(WorldSpec(kind=WorldKind(kind), geos=geos, weeks=weeks, seed=seed)), out)
    files = [name for name in _FILES if (out / name).exists()]
    if json:
        print_json({"out": str(out), "files": files, "kind": kind, "geos": geos, "weeks": weeks, "seed": seed})
        return ExitCode.DONE
    with_map = f" --map {out / 'map.toml'}" if "map.toml" in files else ""
    people().print(f"{', '.join(files)} written to {out}. Next: rmo check {out / 'panel.csv'}{with_map}", markup=False)
    return ExitCode.DONE

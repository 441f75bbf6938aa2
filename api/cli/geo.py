"""The group `rmo geo`, to which the modules beside it add their commands."""

import typer

from api.cli import geo_next, geo_spillover, geo_switchback
from api.cli.geo_design import DESIGN_EXAMPLE, design

geo = typer.Typer(help="Geo-holdout tests.", no_args_is_help=True, pretty_exceptions_enable=False)


def register(app: typer.Typer) -> None:
    """Add the commands under `rmo geo`; `api.cli.geo_analyze` and `api.cli.geo_lock` add theirs to the same group."""
    geo.command(epilog=DESIGN_EXAMPLE)(design)
    geo_switchback.register(geo)
    geo_spillover.register(geo)
    geo_next.register(geo)
    app.add_typer(geo, name="geo")

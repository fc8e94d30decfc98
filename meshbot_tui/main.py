"""``meshbot-tui``: the command."""

import sys

import click

from meshbot_core.errors import MeshError
from meshbot_core.mesh.paths import MeshPaths, home_folder
from meshbot_core.types import checked_name
from meshbot_core.version import VERSION

_FAILED = 1


@click.command()
@click.option(
    "-m",
    "--mesh",
    default="default",
    envvar="MESHBOT_MESH",
    show_default=True,
    metavar="MESH",
    help="The mesh to look at.",
)
@click.version_option(VERSION, prog_name="meshbot-tui")
def main(mesh: str) -> None:
    """Open the operator console: who is there, who works, who waits for you."""
    if not sys.stdout.isatty() or not sys.stdin.isatty():
        click.echo("meshbot-tui needs a terminal; without one there is: meshbot ps", err=True)
        raise SystemExit(_FAILED)
    try:
        _open(mesh)
    except MeshError as error:
        click.echo(f"meshbot-tui: {error}", err=True)
        if error.hint:
            click.echo(f"  {error.hint}", err=True)
        raise SystemExit(_FAILED) from None


def _open(mesh: str) -> None:
    from meshbot_tui.app import MeshbotApp  # noqa: PLC0415 - after what can be refused at once

    app = MeshbotApp(MeshPaths(home_folder(), checked_name(mesh, what="mesh")))
    app.run()
    if app.fault:
        click.echo(f"meshbot-tui: a fault of the console, agents go on: {app.fault}", err=True)
    raise SystemExit(app.return_code)

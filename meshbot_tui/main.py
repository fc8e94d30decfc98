"""``meshbot-tui``: the command."""

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import click

from meshbot_core.errors import MeshError
from meshbot_core.mesh.paths import MeshPaths, home_folder
from meshbot_core.types import checked_name
from meshbot_core.version import VERSION

if TYPE_CHECKING:
    from meshbot_tui.app import MeshbotApp

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
@click.option("--demo", "is_demo", is_flag=True, help="A throw-away mesh with agents that talk.")
@click.version_option(VERSION, prog_name="meshbot-tui")
def main(mesh: str, *, is_demo: bool) -> None:
    """Open the operator console: who is there, who works, who waits for you."""
    if not sys.stdout.isatty() or not sys.stdin.isatty():
        click.echo("meshbot-tui needs a terminal; without one there is: meshbot ps", err=True)
        raise SystemExit(_FAILED)
    try:
        status = asyncio.run(_demo()) if is_demo else _open(mesh)
    except MeshError as error:
        click.echo(f"meshbot-tui: {error}", err=True)
        if error.hint:
            click.echo(f"  {error.hint}", err=True)
        raise SystemExit(_FAILED) from None
    raise SystemExit(status)


def _open(mesh: str) -> int:
    from meshbot_tui.app import MeshbotApp  # noqa: PLC0415 - after what can be refused at once

    app = MeshbotApp(MeshPaths(home_folder(), checked_name(mesh, what="mesh")))
    app.run()
    return _ended(app)


async def _demo() -> int:
    from meshbot_core.demo.mesh import FIRST, any_claude, demo_mesh  # noqa: PLC0415 - for it alone
    from meshbot_tui.app import MeshbotApp  # noqa: PLC0415 - it too

    binary = await asyncio.to_thread(any_claude)
    who = "the real claude" if binary else "a stand-in, for no claude was found,"
    click.echo(f"Setting up a throw-away mesh; {who} plays, the model is scripted ...")
    async with demo_mesh(binary) as demo:
        os.environ.update(demo.environment)
        app = MeshbotApp(demo.mesh, first=FIRST)
        await app.run_async()
    return _ended(app)


def _ended(app: "MeshbotApp") -> int:
    if app.fault:
        click.echo(f"meshbot-tui: a fault of the console, agents go on: {app.fault}", err=True)
    return app.return_code or 0

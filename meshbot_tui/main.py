"""``meshbot-tui``: the command."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from meshbot_core import garbage
from meshbot_core.clients.text import plain
from meshbot_core.errors import MeshError
from meshbot_core.mesh.paths import MeshPaths, home_folder
from meshbot_core.types import checked_name
from meshbot_core.version import VERSION

if TYPE_CHECKING:
    from meshbot_tui.app import MeshbotApp

_FAILED = 1
_SETTLED_S = 3.0
"""By then all stands that stays."""


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
    # Standard error may be a file: the console draws where it is not.
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
    garbage.hold()
    from meshbot_tui.app import MeshbotApp  # noqa: PLC0415 - after what can be refused at once

    app = MeshbotApp(MeshPaths(home_folder(), checked_name(mesh, what="mesh")))
    asyncio.run(_shown(app))
    return _ended(app)


async def _shown(app: "MeshbotApp") -> None:
    asyncio.get_running_loop().call_later(_SETTLED_S, garbage.settle)
    await app.run_async()


async def _demo() -> int:
    garbage.hold()
    from meshbot_core.demo.mesh import FIRST, any_claude, demo_mesh  # noqa: PLC0415 - for it alone
    from meshbot_tui.app import MeshbotApp  # noqa: PLC0415 - it too

    binary = await asyncio.to_thread(any_claude)
    if binary is None:
        click.echo(
            "No claude was found, so there are no screens; in a clone, make demo fetches one."
        )
    who = "the real claude" if binary else "a stand-in"
    click.echo(f"Setting up a throw-away mesh; {who} plays, the model is scripted ...")
    async with demo_mesh(binary) as demo:
        os.environ.update(demo.environment)
        app = MeshbotApp(demo.mesh, first=FIRST)
        await _shown(app)
        if app.fault_log is not None:
            app.fault_log = _kept(app.fault_log)
    return _ended(app, what_else="the demonstration ends with it")


def _kept(log: Path) -> Path:
    """A copy that outlives the throw-away mesh."""
    number, name = tempfile.mkstemp(prefix="meshbot-console-", suffix=".log")
    with os.fdopen(number, "wb") as file:
        file.write(log.read_bytes())
    return Path(name)


def _ended(app: "MeshbotApp", *, what_else: str = "agents go on") -> int:
    if app.fault:
        kept = f" (kept in {app.fault_log})" if app.fault_log is not None else ""
        said = f"meshbot-tui: a fault of the console, {what_else}: {plain(app.fault)}{kept}"
        click.echo(said, err=True)
    return app.return_code or 0

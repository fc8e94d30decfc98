"""``start``: a Claude Code session that is on the mesh, here or in the background."""

import asyncio
import os
from pathlib import Path
from typing import Final, get_args

import click

from meshbot_core.claude.flags import sorted_flags
from meshbot_core.cli.attaching import attach_here
from meshbot_core.cli.detach_key import DetachKey
from meshbot_core.cli.detach_option import detach_key_option
from meshbot_core.cli.foreground import stay
from meshbot_core.cli.options import complete_peer, mesh_option
from meshbot_core.cli.readiness import is_trusted
from meshbot_core.cli.show import line, note, plain
from meshbot_core.cli.starting import Wanted, settled, started
from meshbot_core.cli.terminal_view import own_terminal
from meshbot_core.errors import SessionError
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.paths import open_mesh
from meshbot_core.mesh.urls import normalize_peer_url
from meshbot_core.session.records import RestartPolicy, SessionOptions

_HIGHEST_PORT: Final = 65_535
_NO_TERMINAL: Final = "start it without one: --detach (in the background) or --daemon (headless)"


@click.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--as",
    "name",
    metavar="NAME",
    required=True,
    shell_complete=complete_peer,
    help="The agent's name on the mesh.",
)
@click.option("--daemon", "is_daemon", is_flag=True, help="Headless: it works alone.")
@click.option("--detach", "is_detached", is_flag=True, help="In the background.")
@click.option(
    "--folder", metavar="FOLDER", default=".", type=click.Path(), help="Where it works.  [here]"
)
@click.option(
    "--port",
    type=click.IntRange(0, _HIGHEST_PORT),
    metavar="PORT",
    help="Where it takes messages; 0 finds a free port.  [default: the port of its entry, or free]",
)
@click.option(
    "--restart",
    type=click.Choice(get_args(RestartPolicy)),
    default="on-failure",
    show_default=True,
    help="Whether claude is started again after a crash.",
)
@click.option("--host", metavar="ADDRESS", help="The address it listens on.")
@click.option("--advertise", metavar="URL", help="The URL under which other machines reach it.")
@detach_key_option
@mesh_option
@click.argument("flags", nargs=-1, type=click.UNPROCESSED, metavar="[-- CLAUDE FLAGS...]")
@click.pass_context
def start(
    context: click.Context,
    *,
    name: str,
    is_daemon: bool,
    is_detached: bool,
    folder: str,
    port: int | None,
    host: str | None,
    advertise: str | None,
    restart: RestartPolicy,
    detach_key: DetachKey,
    mesh: str,
    flags: tuple[str, ...],
) -> None:
    r"""Start Claude Code as agent NAME, with CLAUDE FLAGS as claude takes them.

    \b
    meshbot start --as dev --model sonnet --resume
    meshbot start --as ops --daemon -- "You watch production."

    It is on the mesh: messages reach it while it idles. Closing the terminal leaves it running;
    meshbot attach NAME shows it again.
    """
    wanted = Wanted(
        agent=open_mesh(mesh).agent(name),
        options=SessionOptions(
            kind="headless" if is_daemon else "interactive",
            folder=str(Path(folder).expanduser().absolute()),
            flags=flags,
            restart=restart,
        ),
        flags=sorted_flags(flags),
        spawn=SpawnOptions(
            port=port,
            host=host or None,
            advertise=normalize_peer_url(advertise) if advertise else None,
        ),
    )
    if is_detached:
        asyncio.run(_in_background(wanted))
    elif is_daemon:
        context.exit(asyncio.run(_in_foreground(wanted)))
    else:
        context.exit(asyncio.run(_here(wanted, detach_key)))


async def _here(wanted: Wanted, key: DetachKey) -> int:
    terminal = own_terminal(hint=_NO_TERMINAL)
    columns, rows = terminal.size()
    async with started(wanted.sized(columns, rows)):
        pass
    return await attach_here(wanted.agent, terminal, key)


async def _in_foreground(wanted: Wanted) -> int:
    async with started(wanted) as client:
        return await stay(client)


async def _in_background(wanted: Wanted) -> None:
    async with started(wanted) as client:
        view = await settled(client)
    agent = wanted.agent
    if view.is_over:
        raise SessionError(
            f"claude of {agent.agent!r} ended at once: {view.reason or view.state}",
            hint=f"see what it said: meshbot logs {agent.agent}",
        )
    line(f'"{plain(agent.agent)}" runs in {plain(view.folder)} ({view.kind}, pid {view.pid})')
    if view.kind == "interactive" and not is_trusted(wanted.folder, os.environ):
        note("Claude Code will first ask whether this folder is trusted.")
    see = "attach" if view.kind == "interactive" else "logs -f"
    line(f"see it with: meshbot {see} {plain(agent.agent)}")

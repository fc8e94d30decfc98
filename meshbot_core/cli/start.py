"""``start``: a Claude Code session that is on the mesh, here or in the background.

Nothing heavy is imported before the agent's host is on its way: somebody waits.
"""

import os
from typing import Final, Literal

import click

from meshbot_core.claude.flags import sorted_flags
from meshbot_core.cli.detach_key import DetachKey
from meshbot_core.cli.detach_option import detach_key_option
from meshbot_core.cli.early_host import early_host
from meshbot_core.cli.limit_option import limit_option
from meshbot_core.cli.options import complete_peer, mesh_option
from meshbot_core.cli.terminal_view import own_terminal
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.paths import open_mesh
from meshbot_core.mesh.urls import normalize_peer_url

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
    "--restart",
    type=click.Choice(("on-failure", "never")),
    default="on-failure",
    show_default=True,
    help="Whether claude is started again after a crash.",
)
@limit_option
@click.option(
    "--port",
    type=click.IntRange(0, _HIGHEST_PORT),
    metavar="PORT",
    help="Where it takes messages; 0 finds a free port.  [default: the port of its entry, or free]",
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
    restart: Literal["on-failure", "never"],
    limits: dict[str, int | float | None],
    port: int | None,
    host: str | None,
    advertise: str | None,
    detach_key: DetachKey,
    mesh: str,
    flags: tuple[str, ...],
) -> None:
    """Start Claude Code as agent NAME, with CLAUDE FLAGS as claude takes them.

    \b
    meshbot start --as dev --model sonnet --resume
    meshbot start --as ops --daemon -- "You watch production."

    It is on the mesh: messages reach it while it idles. Closing the terminal leaves it running;
    meshbot attach NAME shows it again.
    """  # noqa: D301 - the mark is click's
    user_flags = sorted_flags(flags)
    agent = open_mesh(mesh).agent(name)
    spawn = SpawnOptions(
        port=port,
        host=host or None,
        advertise=normalize_peer_url(advertise) if advertise else None,
    )
    terminal = None if is_daemon or is_detached else own_terminal(hint=_NO_TERMINAL)
    on_its_way = early_host(agent, spawn)

    from meshbot_core.cli import places  # noqa: PLC0415 - after the host's start
    from meshbot_core.clients.starting import Wanted  # noqa: PLC0415 - after the host's start
    from meshbot_core.session.records import Limits, SessionOptions  # noqa: PLC0415 - it too

    options = SessionOptions(
        kind="headless" if is_daemon else "interactive",
        folder=os.path.abspath(os.path.expanduser(folder)),  # noqa: PTH100, PTH111 - no link is followed
        flags=flags,
        restart=restart,
        limits=Limits.model_validate(limits),
    )
    wanted = Wanted(agent, options, user_flags, spawn, on_its_way)
    context.exit(places.start(wanted, terminal, detach_key, is_detached=is_detached))

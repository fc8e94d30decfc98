"""``attach``: the screen of an agent's session, on this terminal."""

import asyncio
from typing import Final

import click

from meshbot_core.cli.attaching import attach_here
from meshbot_core.cli.detach_key import DetachKey
from meshbot_core.cli.detach_option import detach_key_option
from meshbot_core.cli.options import complete_peer, mesh_option
from meshbot_core.cli.terminal_view import own_terminal
from meshbot_core.errors import HostUnavailableError, NoSessionError
from meshbot_core.mesh.paths import open_mesh
from meshbot_core.terminal.screen import SCROLLBACK_LINES

_NO_TERMINAL: Final = "what it does is told without one by: meshbot logs NAME -f"


@click.command()
@click.argument("name", shell_complete=complete_peer)
@click.option(
    "--scrollback",
    type=click.IntRange(0, SCROLLBACK_LINES),
    default=1000,
    show_default=True,
    metavar="LINES",
    help="How much of what scrolled out comes first.",
)
@detach_key_option
@mesh_option
@click.pass_context
def attach(
    context: click.Context, name: str, *, scrollback: int, detach_key: DetachKey, mesh: str
) -> None:
    """Show the session of agent NAME as it is, and type into it.

    Several may be attached at once: the size is that of the one who typed last. When the
    session ends, this ends with its exit status.
    """
    agent = open_mesh(mesh).agent(name)
    terminal = own_terminal(hint=_NO_TERMINAL)
    try:
        status = asyncio.run(attach_here(agent, terminal, detach_key, scrollback=scrollback))
    except HostUnavailableError as error:
        raise NoSessionError(
            f"{name!r} has no session", hint=f"start one with: meshbot start --as {name}"
        ) from error
    context.exit(status)

"""``serve``: an agent's MCP server on standard input and output.

Nothing heavy is imported before the agent's host is on its way: Claude Code waits.
"""

import asyncio
import signal
import sys

import click

from meshbot_core.cli.options import DEFAULT_MESH, complete_peer, mesh_option
from meshbot_core.cli.show import note
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mcp.registration import registration
from meshbot_core.mcp.serve import serve as serve_session
from meshbot_core.mesh.paths import AgentPaths, open_mesh
from meshbot_core.mesh.urls import normalize_peer_url

_HIGHEST_PORT = 65_535


@click.command()
@click.option(
    "--as",
    "name",
    metavar="NAME",
    required=True,
    shell_complete=complete_peer,
    help="The agent's name on the mesh.",
)
@click.option(
    "-p",
    "--port",
    type=click.IntRange(0, _HIGHEST_PORT),
    metavar="PORT",
    help="Where it takes messages; 0 finds a free port.  [default: the port of its entry, or free]",
)
@click.option(
    "--host",
    metavar="ADDRESS",
    help="The address it listens on.  [default: 127.0.0.1, or 0.0.0.0 when other machines "
    "are meant to reach it]",
)
@click.option("--advertise", metavar="URL", help="The URL under which other machines reach it.")
@mesh_option
@click.pass_context
def serve(
    context: click.Context,
    *,
    name: str,
    port: int | None,
    host: str | None,
    advertise: str | None,
    mesh: str,
) -> None:
    """Be the MCP server of agent NAME, on standard input and output.

    Claude Code starts this, once it was told: claude mcp add mesh -- meshbot serve --as NAME
    """
    agent = open_mesh(mesh).agent(name)
    spawn = SpawnOptions(
        port=port,
        host=host or None,
        advertise=normalize_peer_url(advertise) if advertise else None,
    )
    if sys.stdin.isatty():
        _explain(agent)
    try:
        status = asyncio.run(serve_session(agent, spawn))
    finally:
        # No thread is left that could hold us, and an alarm while the interpreter ends would
        # change the exit status.
        signal.setitimer(signal.ITIMER_REAL, 0)
    context.exit(status)


def _explain(agent: AgentPaths) -> None:
    """Tell a person who started this by hand what it is for."""
    mesh = agent.mesh.mesh
    in_mesh = "" if mesh == DEFAULT_MESH else f" -m {mesh}"
    note("This speaks MCP, for Claude Code; Ctrl-C ends it. To register it:")
    note(f"  claude mcp add mesh -- meshbot serve --as {agent.agent}{in_mesh}")
    note("or, so that its tools are always at hand, in .mcp.json:")
    note(registration(agent.agent, mesh))

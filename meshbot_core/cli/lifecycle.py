"""``stop``, ``restart`` and ``resume``: what is done to agents that run."""

import asyncio

import click

from meshbot_core.cli.border import EXIT_FAILED
from meshbot_core.cli.local_agents import each_told
from meshbot_core.cli.options import complete_peer, mesh_option
from meshbot_core.cli.show import line
from meshbot_core.clients.left_sessions import bring_back
from meshbot_core.clients.looks import local_agent
from meshbot_core.clients.sessions import session_client, stop_session
from meshbot_core.clients.text import plain
from meshbot_core.mesh.paths import AgentPaths, open_mesh

_LONGEST_STOP_S = 600.0


@click.command()
@click.option(
    "--as",
    "name",
    metavar="NAME",
    required=True,
    shell_complete=complete_peer,
    help="The agent of this machine.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0, _LONGEST_STOP_S),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long it may take to end before it is killed.",
)
@click.option(
    "--signal",
    "signal_name",
    default="SIGTERM",
    show_default=True,
    metavar="NAME",
    help="The signal it is told to end with.",
)
@mesh_option
def stop(name: str, timeout_s: float, signal_name: str, mesh: str) -> None:
    """End an agent's session for good; its messages wait for the next one."""
    agent = local_agent(open_mesh(mesh), name)
    word = signal_name.upper()
    signal = word if word.startswith("SIG") else f"SIG{word}"
    asyncio.run(stop_session(agent, timeout_s=timeout_s, signal_name=signal))
    line(f'"{plain(name)}" is stopped')


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_peer)
@mesh_option
@click.pass_context
def restart(context: click.Context, names: tuple[str, ...], mesh: str) -> None:
    """End Claude Code and start it again, in the same conversation."""
    paths = open_mesh(mesh)
    agents = [local_agent(paths, name) for name in dict.fromkeys(names)]
    if not asyncio.run(each_told(agents, _restart)):
        context.exit(EXIT_FAILED)


@click.command()
@click.argument("name", shell_complete=complete_peer)
@mesh_option
def resume(name: str, mesh: str) -> None:
    """Let an agent go on that went past one of its limits."""
    asyncio.run(_resume(local_agent(open_mesh(mesh), name)))


async def _restart(agent: AgentPaths) -> str:
    # One that a dead host left is started by that alone.
    was_left = await bring_back(agent)
    async with session_client(agent) as session:
        view = (await (session.session() if was_left else session.restart())).session
    return f"is started again (pid {view.pid})" if view else "is started again"


async def _resume(agent: AgentPaths) -> None:
    name = plain(agent.agent)
    async with session_client(agent) as session:
        before = (await session.session()).session
        await session.resume()
    was_paused = before is not None and before.state in ("paused", "limited")
    line(f'"{name}" goes on' if was_paused else f'"{name}" was not paused')

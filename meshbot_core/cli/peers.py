"""``add-peer`` and ``remove-peer``: who belongs to the mesh."""

import asyncio

import click

from meshbot_core.bootstrap.meshes import add_peer as add_to_mesh
from meshbot_core.bootstrap.meshes import remove_peer as remove_from_mesh
from meshbot_core.cli.options import complete_peer, mesh_option
from meshbot_core.cli.show import line, note
from meshbot_core.clients.text import plain
from meshbot_core.errors import MeshError
from meshbot_core.host.client import HostClient
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.paths import AgentPaths, open_mesh
from meshbot_core.mesh.peers import peer


@click.command()
@click.argument("name", shell_complete=complete_peer)
@click.argument("url")
@click.option("-d", "--description", metavar="TEXT", help="What the agent is for.")
@mesh_option
def add_peer(name: str, url: str, description: str | None, mesh: str) -> None:
    """Add agent NAME, which takes messages at URL, or change its entry.

    Agents of this machine enter themselves; add those of other machines.
    """
    paths = open_mesh(mesh)
    add_to_mesh(paths, name, url, description)
    entry = peer(read_config(paths), name)
    line(f'Added peer "{name}" ({plain(entry.url)}) to mesh "{paths.mesh}".')


@click.command()
@click.argument("name", shell_complete=complete_peer)
@mesh_option
def remove_peer(name: str, mesh: str) -> None:
    """Take agent NAME out of the mesh."""
    paths = open_mesh(mesh)
    peer(read_config(paths), name)
    running = asyncio.run(_who_runs(paths.agent(name)))
    remove_from_mesh(paths, name)
    line(f'Removed peer "{name}" from mesh "{paths.mesh}".')
    if running:
        note(f'"{name}" runs on this machine and will enter itself again.')
        note(f"  stop it first, with: kill {' '.join(map(str, running))}")


async def _who_runs(agent: AgentPaths) -> tuple[int, ...]:
    """The processes to end so that a local agent stays away; none when it does not run."""
    if not agent.host_json.exists():
        return ()
    try:
        async with HostClient.connected(agent, kind="cli", spawn=None) as client:
            status = await client.status()
    except MeshError:
        return ()
    return (*(client.pid for client in status.clients), status.pid)

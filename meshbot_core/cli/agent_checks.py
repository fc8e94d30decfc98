"""``doctor``'s checks of the agents of this machine: hosts, ports, what waits."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from meshbot_core.cli.findings import Finding, broken, note, well
from meshbot_core.clients.looks import local_agents
from meshbot_core.errors import MeshError
from meshbot_core.host.spawn import host_answers
from meshbot_core.mesh.config import MeshConfig
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.mesh.urls import is_loopback_url


def agent_findings(paths: MeshPaths, config: MeshConfig) -> Iterator[Finding]:
    """One finding for each local agent: its host, or whether its port is free for it."""
    for name in local_agents(paths):
        entry = config.peers.get(name)
        yield _host_finding(paths.agent(name), entry.url if entry else None)
    yield from _reach_findings(paths, config)


def _host_finding(agent: AgentPaths, url: str | None) -> Finding:
    what = f"agent {agent.agent}"
    try:
        runs = host_answers(agent)
    except MeshError as error:
        return broken(what, str(error), error.hint)
    if runs:
        return well(what, f"runs{_address_of(agent)}")
    port = _own_port(url)
    if port and not _is_free(port):
        return broken(
            what,
            f"its port {port} is taken by another program",
            f"end that one, or give another: meshbot serve --as {agent.agent} --port 0",
        )
    return well(what, "does not run now")


def _address_of(agent: AgentPaths) -> str:
    try:
        facts = json.loads(agent.host_json.read_bytes())
        return f" at {facts['url']} (pid {facts['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _own_port(url: str | None) -> int | None:
    """The port that a local entry promises; none for entries that name another machine."""
    if url is None or not is_loopback_url(url):
        return None
    return urlsplit(url).port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            return True
        except OSError:
            return False
    return True


def _reach_findings(paths: MeshPaths, config: MeshConfig) -> Iterator[Finding]:
    """Agents whose URL only this machine can use, in a mesh that has other machines."""
    local = set(local_agents(paths))
    is_shared = any(
        not is_loopback_url(entry.url) for name, entry in config.peers.items() if name not in local
    )
    listed = sorted(local & set(config.peers))
    hidden = [name for name in listed if is_loopback_url(config.peers[name].url)]
    if is_shared and hidden:
        yield note(
            "reach",
            f"other machines cannot reach {', '.join(hidden)}",
            f"meshbot serve --as {hidden[0]} --advertise http://THIS-HOST:PORT",
        )

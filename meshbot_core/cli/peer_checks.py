"""``doctor``'s look at the other agents: who answers, and how far clocks are apart."""

from collections.abc import Iterator

from meshbot_core.cli.findings import Finding, broken, note, well
from meshbot_core.mesh.config import MeshConfig
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.node.health import PeerHealth
from meshbot_core.node.oneshot import probe_peers


def peer_findings(paths: MeshPaths, config: MeshConfig) -> Iterator[Finding]:
    """One finding for each agent of the mesh, as they answer."""
    if not config.peers:
        yield note("peers", "none yet", "meshbot serve --as NAME, or meshbot add-peer NAME URL")
    window_ms = config.security.replay_window_seconds * 1000
    for health in probe_peers(config, paths):
        yield peer_finding(health, window_ms)


def peer_finding(health: PeerHealth, window_ms: int) -> Finding:
    """What one peer's health means for us."""
    what = f"peer {health.name}"
    if health.is_online:
        return _clock_finding(what, health, window_ms)
    if health.agent is not None and health.agent != health.name:
        todo = f"meshbot add-peer {health.name} URL"
        return broken(what, f"{health.url}: {health.error}", todo)
    return note(what, f"offline at {health.url} ({health.error})")


def _clock_finding(what: str, health: PeerHealth, window_ms: int) -> Finding:
    skew_ms = health.skew_ms or 0
    side = "ahead of" if skew_ms > 0 else "behind"
    apart = f"its clock is {abs(skew_ms) / 1000:.1f} s {side} ours"
    repair = "set both clocks (timedatectl set-ntp true)"
    if abs(skew_ms) > window_ms:
        return broken(what, f"online, but {apart}: it refuses our messages", repair)
    if abs(skew_ms) > window_ms / 2:
        return note(what, f"online, but {apart}", repair)
    return well(what, f"online at {health.url}, {health.latency_ms} ms, {apart}")

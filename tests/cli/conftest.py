"""Fixtures of the command line's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from meshbot_core.mesh.keys import MeshKey, read_mesh_key
from meshbot_core.mesh.paths import MeshPaths
from tests.cli.peers import ListeningPeer, listening
from tests.cli.running import Runner
from tests.support.hosts import hosts_ended
from tests.support.stand_in_claude import stand_in_claude


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that the person who runs the tests has set changes what commands do."""
    for name in (
        "MESHBOT_MESH",
        "MESHBOT_DEBUG",
        "MESHBOT_CLAUDE",
        "NO_COLOR",
        "_MESHBOT_COMPLETE",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Runner:
    """Runs a command in this process."""
    return Runner(capsys)


@pytest.fixture
def key(mesh_paths: MeshPaths) -> MeshKey:
    return read_mesh_key(mesh_paths)


@pytest.fixture
def alpha(mesh_paths: MeshPaths, key: MeshKey, run: Runner) -> Iterator[ListeningPeer]:
    """An agent that listens and is in the mesh."""
    with listening(ListeningPeer("alpha", key)) as peer:
        run("add-peer", "alpha", peer.url, "-d", "first of all")
        yield peer


@pytest.fixture
def small_claude(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small claude stands in for the real one, whoever starts it."""
    binary = stand_in_claude(tmp_path / "claude")
    monkeypatch.setenv("MESHBOT_CLAUDE", str(binary))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key")
    return binary


@pytest.fixture
def hosts(home: Path) -> Iterator[None]:
    """Ends the hosts that a test leaves behind."""
    with hosts_ended(MeshPaths(home, "default")):
        yield

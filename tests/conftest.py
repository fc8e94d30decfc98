"""Fixtures that the whole suite shares: a home folder of its own for every test, and a mesh."""

from pathlib import Path

import pytest
from hypothesis import settings

from meshbot_core.bootstrap.meshes import create_mesh
from meshbot_core.mesh.paths import MeshPaths
from tests.support.clock import FakeClock

# A loaded machine is slow, not wrong; pytest's own time limit ends what hangs.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test ever touches the home folder of the person who runs it."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("MESHBOT_HOME", str(folder))
    return folder


@pytest.fixture
def clock() -> FakeClock:
    """A clock that the test moves."""
    return FakeClock()


@pytest.fixture
def mesh_paths(home: Path) -> MeshPaths:
    """A throw-away mesh called ``default``, with a root key and a manifest, and no peers."""
    return create_mesh("default", home=home)

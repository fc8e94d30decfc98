"""A mesh whose hosts end with the test."""

import contextlib
from collections.abc import Iterator

import psutil
import pytest

from meshbot_core.mesh.paths import MeshPaths


def hosts_of(paths: MeshPaths) -> list[psutil.Process]:
    """The host processes of this test's mesh."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if "meshbot_core.host" in words and str(paths.home) in words:
                found.append(process)
    return found


@pytest.fixture
def paths(mesh_paths: MeshPaths) -> Iterator[MeshPaths]:
    """A throw-away mesh; whatever host a test leaves behind is ended."""
    yield mesh_paths
    left = hosts_of(mesh_paths)
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=5)

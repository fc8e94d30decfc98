"""The host processes of a test's mesh, and a mesh whose hosts end with the test."""

import contextlib
from collections.abc import Iterator

import psutil

from meshbot_core.mesh.paths import MeshPaths


def hosts_of(paths: MeshPaths) -> list[psutil.Process]:
    """The host processes of one throw-away mesh."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if "meshbot_core.host" in words and str(paths.home) in words:
                found.append(process)
    return found


@contextlib.contextmanager
def hosts_ended(paths: MeshPaths) -> Iterator[MeshPaths]:
    """The mesh for a block; whatever hosts are left after it are ended."""
    try:
        yield paths
    finally:
        left = hosts_of(paths)
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=5)

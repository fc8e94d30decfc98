"""The listener's routes for the signed manifest, which other floors know nothing of."""

from meshbot_core.bootstrap.answers import read_head, read_manifest
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.node.endpoints import ExtraRoute


def manifest_routes(paths: MeshPaths) -> tuple[ExtraRoute, ...]:
    """``head`` and ``manifest/VERSION`` of this mesh, for those who hold its key."""

    def head(_rest: str) -> bytes:
        return read_head(paths).model_dump_json(by_alias=True).encode()

    def manifest(version: str) -> bytes:
        return read_manifest(paths, version).model_dump_json(by_alias=True).encode()

    return (
        ExtraRoute("GET", "/mesh/bootstrap/head", head),
        ExtraRoute("GET", "/mesh/bootstrap/manifest/", manifest),
    )

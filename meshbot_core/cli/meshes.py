"""``init``, ``export-key`` and ``export-root-pub``: a mesh as a whole."""

import click

from meshbot_core.bootstrap.meshes import create_mesh
from meshbot_core.cli.options import DEFAULT_MESH, mesh_option
from meshbot_core.cli.show import line
from meshbot_core.clients.text import plain
from meshbot_core.errors import KeyFileError
from meshbot_core.mesh.keys import read_mesh_key
from meshbot_core.mesh.paths import open_mesh


@click.command()
@click.argument("name")
@click.option(
    "--legacy",
    "--no-bootstrap",
    "is_legacy",
    is_flag=True,
    help="Only config.json and mesh.key: no root key, no signed manifest.",
)
def init(name: str, *, is_legacy: bool) -> None:
    """Create mesh NAME in ~/.mesh, with a fresh key.

    Unless --legacy is given, a root key is made too (in ~/.mesh-admin), which signs the list of
    agents.
    """
    paths = create_mesh(name, legacy=is_legacy)
    in_mesh = "" if name == DEFAULT_MESH else f" -m {name}"
    line(f'Created mesh "{paths.mesh}" in {plain(str(paths.folder))}')
    line(f"Start Claude Code on it:     meshbot start --as dev{in_mesh}")
    line(f"Or start claude yourself:    claude mcp add mesh -- meshbot serve --as dev{in_mesh}")
    line(f"See who is there:            meshbot status{in_mesh}")


@click.command()
@mesh_option
def export_key(mesh: str) -> None:
    """Print the mesh key.

    Whoever has it can read along and speak in any agent's name: keep it as you keep a password.
    """
    line(read_mesh_key(open_mesh(mesh)).text)


@click.command()
@mesh_option
def export_root_pub(mesh: str) -> None:
    """Print the public key that signs this mesh's manifests (PEM)."""
    paths = open_mesh(mesh)
    if not paths.root_pub.exists():
        raise KeyFileError(
            f'mesh "{mesh}" has no root key: it was created with --legacy',
            hint="create another one with: meshbot init NAME",
        )
    line(plain_pem(paths.root_pub.read_text(encoding="utf-8", errors="replace")))


def plain_pem(text: str) -> str:
    """PEM line by line, with nothing in it that a terminal would obey."""
    return "\n".join(plain(row) for row in text.strip().splitlines())

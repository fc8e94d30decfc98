"""Making a mesh and changing who is in it: what ``init``, ``add-peer`` and ``remove-peer`` do."""

from pathlib import Path

from meshbot_core.bootstrap.manifest import publish_manifest
from meshbot_core.errors import MeshExistsError
from meshbot_core.mesh.config import MeshConfig, change_config, config_lock, create_config
from meshbot_core.mesh.files import make_private_folder, write_atomically
from meshbot_core.mesh.keys import create_mesh_key, read_mesh_key
from meshbot_core.mesh.paths import MeshPaths, home_folder
from meshbot_core.mesh.peers import with_peer, without_peer
from meshbot_core.types import Clock, SystemClock, checked_name
from meshbot_core.wire.envelope import generate_key, private_pem, public_pem


def create_mesh(
    name: str, *, home: Path | None = None, legacy: bool = False, clock: Clock | None = None
) -> MeshPaths:
    """Make a mesh: key and configuration, and unless ``legacy`` a root key and a manifest.

    Raises:
        InvalidNameError: No mesh may have that name.
        MeshExistsError: There is one of that name, or what is left of one.
        StorageError: The files cannot be written.
    """
    paths = MeshPaths(home or home_folder(), checked_name(name, what="mesh"))
    make_private_folder(paths.folder)
    with config_lock(paths):
        _ensure_nothing_is_there(paths)
        config = MeshConfig.model_validate(
            {
                "mesh": name,
                "peers": {},
                "security": {"replayWindowSeconds": 60, "maxMessageSizeBytes": 1_048_576},
            }
        )
        key = create_mesh_key(paths)
        if not legacy:
            _create_root_key(paths)
            publish_manifest(paths, config, key, now_ms=_now_ms(clock))
        # Last, since a mesh is there once its configuration is.
        create_config(paths, config)
    return paths


def add_peer(
    paths: MeshPaths,
    name: str,
    url: str,
    description: str | None = None,
    *,
    clock: Clock | None = None,
) -> MeshConfig:
    """Put a peer into the mesh, or change it; with the root key at hand a new manifest says so.

    Raises:
        InvalidNameError: No agent may have that name.
        InvalidUrlError: Nothing can be sent to that URL.
        ConfigError: The configuration is damaged.
        EnvelopeError: The manifest is damaged; nothing was changed.
        StorageError: The files cannot be written.
    """

    def change(config: MeshConfig) -> MeshConfig:
        return _published(paths, config, with_peer(config, name, url, description), clock)

    return change_config(paths, change)


def remove_peer(paths: MeshPaths, name: str, *, clock: Clock | None = None) -> MeshConfig:
    """Take a peer out of the mesh; with the root key at hand a new manifest says so.

    Raises:
        UnknownPeerError: It is not in the mesh.
        ConfigError: The configuration is damaged.
        EnvelopeError: The manifest is damaged; nothing was changed.
        StorageError: The files cannot be written.
    """

    def change(config: MeshConfig) -> MeshConfig:
        return _published(paths, config, without_peer(config, name), clock)

    return change_config(paths, change)


def _published(
    paths: MeshPaths, before: MeshConfig, after: MeshConfig, clock: Clock | None
) -> MeshConfig:
    if after != before and paths.root_key.exists():
        publish_manifest(paths, after, read_mesh_key(paths), now_ms=_now_ms(clock))
    return after


def _now_ms(clock: Clock | None) -> int:
    return (clock or SystemClock()).now_ms()


def _ensure_nothing_is_there(paths: MeshPaths) -> None:
    if paths.config.exists():
        raise MeshExistsError(
            f'Mesh "{paths.mesh}" already exists in {paths.folder}',
            hint=f"use it, or remove {paths.folder} first",
        )
    for left in (paths.key, paths.root_key, paths.manifest):
        if left.exists():
            raise MeshExistsError(
                f"{left} is left from an earlier mesh", hint=f"move {left} away first"
            )


def _create_root_key(paths: MeshPaths) -> None:
    root_key = generate_key()
    make_private_folder(paths.admin_folder)
    write_atomically(paths.root_key, private_pem(root_key), mode=0o600)
    write_atomically(paths.root_pub, public_pem(root_key), mode=0o644)

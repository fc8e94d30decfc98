"""``doctor``'s checks of a mesh's files: permissions, keys, configuration, certificates."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from meshbot_core.bootstrap.manifest import read_envelope
from meshbot_core.cli.findings import Finding, broken, note, well
from meshbot_core.errors import MeshError
from meshbot_core.mesh.config import MeshConfig, Tls
from meshbot_core.mesh.keys import read_mesh_key
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.node.tls import client_context, server_context
from meshbot_core.wire.envelope import verify_envelope

_SOON: Final = timedelta(days=14)


def mesh_findings(paths: MeshPaths, config: MeshConfig) -> Iterator[Finding]:
    """The files of a mesh whose configuration can be read."""
    count = len(config.peers)
    yield well("configuration", f"{paths.config}, {count} agent{'s' * (count != 1)}")
    yield _folder_finding(paths.folder)
    for secret in (paths.key, paths.manifest, paths.node_key, paths.root_key):
        if secret.exists():
            yield _secret_finding(secret)
    yield _key_finding(paths)
    yield _manifest_finding(paths)
    if config.tls is not None:
        yield from _tls_findings(paths, config, config.tls.resolved(paths))


def _folder_finding(folder: Path) -> Finding:
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o022:
        return broken("mesh folder", f"others may write to {folder}", f"chmod 700 {folder}")
    if mode & 0o077:
        return note("mesh folder", f"others may look into {folder}", f"chmod 700 {folder}")
    return well("mesh folder", f"{folder}, yours alone")


def _secret_finding(path: Path) -> Finding:
    found = path.stat()
    if found.st_uid != os.geteuid():
        return broken(path.name, f"belongs to user {found.st_uid}", f"chown {os.geteuid()} {path}")
    if stat.S_IMODE(found.st_mode) & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        return broken(path.name, f"others can get at it (mode {mode:o})", f"chmod 600 {path}")
    return well(path.name, "yours alone")


def _key_finding(paths: MeshPaths) -> Finding:
    try:
        read_mesh_key(paths)
    except MeshError as error:
        return broken(
            "mesh key", str(error), error.hint or f"copy {paths.key} from another machine"
        )
    return well("mesh key", "readable")


def _manifest_finding(paths: MeshPaths) -> Finding:
    if not paths.manifest.exists():
        return well("manifest", "none here; only the machine that created the mesh signs one")
    try:
        verify_envelope(read_envelope(paths), paths.root_pub.read_text("utf-8", "replace"))
    except (MeshError, OSError) as error:
        return broken(
            "manifest", str(error), f"copy {paths.manifest} and {paths.root_pub} from the admin"
        )
    return well("manifest", "its signature holds")


def _tls_findings(paths: MeshPaths, config: MeshConfig, tls: Tls) -> Iterator[Finding]:
    try:
        server_context(tls, paths)
        client_context(config, paths)
        certificate = x509.load_pem_x509_certificate(Path(tls.cert).read_bytes())
    except (MeshError, OSError, ValueError) as error:
        yield broken("tls", str(error), f"correct tls in {paths.config}")
        return
    until = certificate.not_valid_after_utc
    text = f"{tls.cert} is valid until {until:%Y-%m-%d}"
    if until < datetime.now(UTC):
        yield broken("tls", text, "get a new certificate")
    elif until < datetime.now(UTC) + _SOON:
        yield note("tls", text, "get a new certificate soon")
    else:
        yield well("tls", text)
    if not tls.reject_unauthorized:
        yield note("tls", "peers are not verified", "set tls.ca, and rejectUnauthorized to true")

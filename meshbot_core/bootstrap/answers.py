"""What the listener answers below ``/mesh/bootstrap``: the manifest and its head."""

import re
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from meshbot_core.bootstrap.manifest import ManifestPayload, manifest_payload, read_envelope
from meshbot_core.errors import (
    EnvelopeError,
    InvalidArgumentError,
    ManifestUnavailableError,
    UnknownManifestError,
)
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.wire.envelope import Envelope, manifest_hash

_VERSION: Final = re.compile(r"[0-9]{1,15}")


class ManifestHead(BaseModel):
    """Which manifest is here, without its contents."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    mesh: str
    version: int
    manifest_hash: str = Field(alias="manifestHash")
    issued_at: str = Field(alias="issuedAt")


def read_head(paths: MeshPaths) -> ManifestHead:
    """Tell which manifest is here; serialise it by alias.

    Raises:
        ManifestUnavailableError: There is none, or it is damaged.
    """
    envelope, payload = _current(paths)
    return ManifestHead(
        mesh=payload.mesh,
        version=payload.version,
        manifest_hash=manifest_hash(envelope),
        issued_at=payload.issued_at,
    )


def read_manifest(paths: MeshPaths, version: str) -> Envelope:
    """The manifest, if it has the version asked for: a number as text, or ``latest``.

    Raises:
        InvalidArgumentError: ``version`` is neither.
        UnknownManifestError: The manifest here has another version.
        ManifestUnavailableError: There is none, or it is damaged.
    """
    if version != "latest" and _VERSION.fullmatch(version) is None:
        raise InvalidArgumentError("Invalid manifest version")
    envelope, payload = _current(paths)
    if version != "latest" and int(version) != payload.version:
        raise UnknownManifestError(f"Manifest version {int(version)} not found")
    return envelope


def _current(paths: MeshPaths) -> tuple[Envelope, ManifestPayload]:
    try:
        envelope = read_envelope(paths)
        return envelope, manifest_payload(envelope)
    except EnvelopeError as error:
        raise ManifestUnavailableError(f'Manifest of "{paths.mesh}" is damaged') from error

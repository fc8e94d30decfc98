"""The signed manifest of a mesh: its payload, and publishing a new version of it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from meshbot_core.errors import EnvelopeError, ManifestUnavailableError
from meshbot_core.mesh.config import MeshConfig
from meshbot_core.mesh.document import json_bytes
from meshbot_core.mesh.files import read_secret, write_atomically
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.wire.envelope import (
    Envelope,
    load_private_key,
    parse_envelope,
    payload_bytes,
    sign_envelope,
)


class ManifestPart(BaseModel):
    """Base of the manifest's parts: frozen, keeps members it does not know."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="allow", populate_by_name=True, hide_input_in_errors=True
    )


class ManifestAgent(ManifestPart):
    """One agent, as the manifest lists it."""

    url: str
    description: str | None = None


class Revocations(ManifestPart):
    """What no longer counts."""

    invite_jti: tuple[str, ...] = Field(default=(), alias="inviteJti", strict=False)
    agents: tuple[str, ...] = Field(default=(), strict=False)


class ManifestPayload(ManifestPart):
    """What a manifest says, once its signature holds."""

    v: Literal[1]
    mesh: str
    version: int = Field(ge=1)
    issued_at: str = Field(alias="issuedAt")
    security: Mapping[str, JsonValue]
    transport: Mapping[str, JsonValue] = Field(repr=False)
    agents: Mapping[str, ManifestAgent]
    revocations: Revocations = Revocations()


def publish_manifest(
    paths: MeshPaths, config: MeshConfig, key: MeshKey, *, now_ms: int
) -> Envelope:
    """Sign and write the manifest that follows the one there is; call under the config lock.

    Revocations and members that we do not know are carried over.

    Raises:
        EnvelopeError: The manifest that is there makes no sense.
        KeyFileError: The root key cannot be used.
        StorageError: The new one cannot be written.
    """
    root_key = load_private_key(read_secret(paths.root_key))
    envelope = sign_envelope(
        _next_payload(paths, config, key, now_ms), key=root_key, kid=f"root-{_iso(now_ms)[:10]}"
    )
    write_atomically(paths.manifest, json_bytes(envelope.model_dump()), mode=0o600)
    return envelope


def read_envelope(paths: MeshPaths) -> Envelope:
    """The manifest of a mesh as it lies there, not verified.

    Raises:
        ManifestUnavailableError: There is none, or it cannot be read.
        EnvelopeError: The file holds no envelope.
    """
    try:
        return parse_envelope(paths.manifest.read_bytes())
    except FileNotFoundError as error:
        raise ManifestUnavailableError(
            f'Manifest not found for "{paths.mesh}". '
            "Initialize bootstrap or publish a manifest first."
        ) from error
    except OSError as error:
        raise ManifestUnavailableError(
            f'Manifest of "{paths.mesh}" cannot be read: {error.strerror}'
        ) from error


def manifest_payload(envelope: Envelope) -> ManifestPayload:
    """What an envelope's manifest says; nothing is verified.

    Raises:
        EnvelopeError: The payload is no manifest.
    """
    try:
        return ManifestPayload.model_validate_json(payload_bytes(envelope))
    except ValidationError as error:
        raise EnvelopeError("the envelope holds no manifest of version 1") from error


def _next_payload(
    paths: MeshPaths, config: MeshConfig, key: MeshKey, now_ms: int
) -> dict[str, JsonValue]:
    security = config.security
    fresh: dict[str, JsonValue] = {
        "v": 1,
        "mesh": config.mesh,
        "version": 1,
        "issuedAt": _iso(now_ms),
        "security": {
            "replayWindowSeconds": security.replay_window_seconds,
            "maxMessageSizeBytes": security.max_message_size_bytes,
        },
        "transport": {"meshKey": key.text},
        "agents": _agents(config),
        "revocations": {"inviteJti": [], "agents": []},
    }
    if not paths.manifest.exists():
        return fresh
    before = manifest_payload(read_envelope(paths))
    kept = before.model_dump(mode="json", by_alias=True, exclude_unset=True)
    carried = {"version": before.version + 1, "revocations": kept["revocations"]}
    return {**kept, **fresh, **carried}


def _agents(config: MeshConfig) -> dict[str, JsonValue]:
    agents: dict[str, JsonValue] = {}
    for name, peer in config.peers.items():
        described: dict[str, JsonValue] = {"description": peer.description}
        agents[name] = {"url": peer.url, **(described if peer.description else {})}
    return agents


def _iso(now_ms: int) -> str:
    moment = datetime.fromtimestamp(now_ms / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{now_ms % 1000:03d}Z"

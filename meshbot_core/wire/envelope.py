"""Envelopes signed with Ed25519: manifests now, invites later.

``cryptography`` costs 23 ms to import, so only those who need envelopes import this module.
"""

import base64
import hashlib
import re
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from meshbot_core.errors import EnvelopeError, KeyFileError
from meshbot_core.wire.canonical import canonical_json

ALGORITHM: Final = "Ed25519"
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*={0,2}")


class Envelope(BaseModel):
    """Canonical JSON and its signature; ``alg`` and ``kid`` are not signed and decide nothing."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)

    alg: str
    kid: str
    payload: str
    sig: str


def generate_key() -> Ed25519PrivateKey:
    """A new Ed25519 key."""
    return Ed25519PrivateKey.generate()


def private_pem(key: Ed25519PrivateKey) -> bytes:
    """The key as PKCS8 PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: Ed25519PrivateKey) -> bytes:
    """The key's public half as SPKI PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def load_private_key(pem: str) -> Ed25519PrivateKey:
    """Read a PKCS8 PEM.

    Raises:
        KeyFileError: It holds no Ed25519 private key.
    """
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise KeyFileError("expected an Ed25519 private key in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError("expected an Ed25519 private key, found another kind")
    return key


def sign_envelope(payload: JsonValue, *, key: Ed25519PrivateKey, kid: str) -> Envelope:
    """Sign the canonical JSON of a payload.

    Raises:
        InvalidArgumentError: The payload has no canonical JSON.
    """
    data = canonical_json(payload).encode()
    return Envelope(
        alg=ALGORITHM, kid=kid, payload=_base64url(data), sig=_base64url(key.sign(data))
    )


def parse_envelope(data: bytes) -> Envelope:
    """Read an envelope's JSON; nothing is verified.

    Raises:
        EnvelopeError: It is no envelope.
    """
    try:
        return Envelope.model_validate_json(data)
    except ValidationError as error:
        raise EnvelopeError("expected a signed envelope: alg, kid, payload, sig") from error


def payload_bytes(envelope: Envelope) -> bytes:
    """The payload as carried, decoded; nothing is verified.

    Raises:
        EnvelopeError: It is not base64url.
    """
    return _decoded(envelope.payload)


def verify_envelope(envelope: Envelope, public_key_pem: str) -> bytes:
    """The payload's bytes, once the signature over exactly those bytes holds.

    Raises:
        EnvelopeError: Wrong key, changed payload or signature, or malformed.
    """
    payload = _decoded(envelope.payload)
    try:
        _public_key(public_key_pem).verify(_decoded(envelope.sig), payload)
    except InvalidSignature as error:
        raise EnvelopeError("the envelope's signature does not hold") from error
    return payload


def manifest_hash(envelope: Envelope) -> str:
    """What tells two manifests apart: a digest of the payload's base64url text."""
    return f"sha256:{hashlib.sha256(envelope.payload.encode()).hexdigest()}"


def _public_key(pem: str) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise EnvelopeError("expected an Ed25519 public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise EnvelopeError("expected an Ed25519 public key, found another kind")
    return key


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    bare = text.rstrip("=")
    if _BASE64URL.fullmatch(text) is None or len(bare) % 4 == 1:
        raise EnvelopeError("expected base64url text")
    return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))

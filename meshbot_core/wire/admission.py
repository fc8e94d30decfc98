"""What it takes for a request to be let in: everything but size and nonce.

Size is bounded while the body is read; the nonce is checked by the mailbox, in the
transaction that stores the message.
"""

import hmac
import json
from typing import NoReturn

from pydantic import JsonValue, TypeAdapter, ValidationError

from meshbot_core.errors import (
    BadSignatureError,
    NotForUsError,
    RefusedMessageError,
    StaleMessageError,
    UnauthorizedError,
)
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.types import MessageKind
from meshbot_core.wire.message import WireMessage, encode, made_message
from meshbot_core.wire.signing import signature, signature_holds

_MESSAGE = TypeAdapter(WireMessage)
_BAD_FORMAT = "Invalid message format"
_SCHEME = "Bearer "


def check_bearer(authorization: str | None, key: MeshKey) -> None:
    """Let a request through whose ``Authorization`` carries the mesh key.

    Raises:
        UnauthorizedError: The header is missing, of another scheme, or carries another key.
    """
    if authorization is None or not authorization.startswith(_SCHEME):
        raise UnauthorizedError("Missing or invalid authorization")
    given = authorization.removeprefix(_SCHEME).encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(given, key.bytes):
        raise UnauthorizedError("Invalid mesh key")


def admit(
    body: bytes,
    *,
    kind_of_path: MessageKind,
    key: MeshKey,
    agent: str,
    now_ms: int,
    window_ms: int,
) -> WireMessage:
    """Turn a request body into a message that passed every check but the nonce's.

    Args:
        body: The raw body; its size was checked by the caller.
        kind_of_path: What the endpoint takes; the signed ``type`` must be the same.
        key: The mesh key.
        agent: Our own name, which ``to`` must be.
        now_ms: Our own clock, Unix milliseconds.
        window_ms: How far ``timestamp`` may be from ``now_ms``, either way, inclusive.

    Raises:
        RefusedMessageError: Malformed, or the kind does not belong to the endpoint.
        StaleMessageError: Outside the window.
        BadSignatureError: Not signed with this key.
        NotForUsError: ``to`` is another agent.
    """
    message = _parsed(body)
    _check_clock(message, now_ms, window_ms)
    if not signature_holds(key, message):
        raise BadSignatureError("HMAC verification failed")
    if message.kind != kind_of_path:
        raise RefusedMessageError(f'Type "{message.kind}" does not belong on this path')
    if message.to != agent:
        raise NotForUsError(f'Agent "{message.to}" not found here')
    if message.kind == "response" and message.reply_to is None:
        raise RefusedMessageError("Missing replyTo field")
    return message


def compose(
    key: MeshKey,
    *,
    id: str,  # noqa: A002 -- the protocol's own word
    sender: str,
    to: str,
    kind: MessageKind,
    payload: str,
    reply_to: str | None,
    timestamp: int,
    nonce: str,
    hops: int | None = None,
) -> WireMessage:
    """Make and sign a message of our own.

    Raises:
        InvalidArgumentError: A member is outside its limits, or the text has no UTF-8.
    """
    signed = signature(key, id=id, kind=kind, payload=payload, timestamp=timestamp, nonce=nonce)
    return made_message(
        id=id,
        sender=sender,
        to=to,
        kind=kind,
        payload=payload,
        reply_to=reply_to,
        timestamp=timestamp,
        nonce=nonce,
        hmac=signed,
        hops=hops,
    )


def _parsed(body: bytes) -> WireMessage:
    try:
        message = _MESSAGE.validate_json(body)
    except ValidationError as error:
        raise RefusedMessageError(_BAD_FORMAT) from error
    # What we would have written ourselves is plain JSON; anything else gets a second, strict look.
    if encode(message) != body:
        _check_strictly(body)
    return message


def _check_strictly(body: bytes) -> None:
    try:
        json.loads(body, object_pairs_hook=_unique_members, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RefusedMessageError(_BAD_FORMAT) from error


def _unique_members(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _check_clock(message: WireMessage, now_ms: int, window_ms: int) -> None:
    if abs(now_ms - message.timestamp) > window_ms:
        raise StaleMessageError("Message timestamp expired")

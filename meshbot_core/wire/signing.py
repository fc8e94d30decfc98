"""The signature of version 1: HMAC-SHA256 over five members, joined by bars, unescaped."""

import hmac
from typing import Final

from meshbot_core.errors import InvalidArgumentError
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.types import MessageKind
from meshbot_core.wire.message import WireMessage

HMAC_HEX_CHARS: Final = 64


def signature(
    key: MeshKey,
    *,
    id: str,  # noqa: A002 -- the protocol's own word
    kind: MessageKind,
    payload: str,
    timestamp: int,
    nonce: str,
) -> str:
    """Sign the members that version 1 covers; the answer is lower-case hex.

    Raises:
        InvalidArgumentError: The text holds half a surrogate pair, which has no UTF-8.
    """
    try:
        covered = f"{id}|{kind}|{payload}|{timestamp}|{nonce}".encode()
    except UnicodeEncodeError as error:
        raise InvalidArgumentError("the text holds half a surrogate pair") from error
    return hmac.digest(key.bytes, covered, "sha256").hex()


def signature_holds(key: MeshKey, message: WireMessage) -> bool:
    """Whether the message was signed with this key; hex of either case, constant time."""
    if len(message.hmac) != HMAC_HEX_CHARS:
        return False
    expected = signature(
        key,
        id=message.id,
        kind=message.kind,
        payload=message.payload,
        timestamp=message.timestamp,
        nonce=message.nonce,
    )
    return hmac.compare_digest(expected.encode(), message.hmac.lower().encode())

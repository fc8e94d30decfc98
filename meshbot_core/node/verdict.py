"""What a peer's answer to a message means for that message (decisions 2 and 3). No I/O."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from meshbot_core.errors import PeerRefusedError

MAX_REPLY_BYTES: Final = 64 * 1024
PATHS: Final = {"message": "/mesh/msg", "ask": "/mesh/ask", "response": "/mesh/response"}
_OK: Final = 200
_FINAL: Final = frozenset({400, 404, 413})
_NO_AGENT: Final = "HTTP 200 from something that is no agent"
_MAX_QUOTED_CHARS: Final = 200


class Fate(Enum):
    """What becomes of the message."""

    DELIVERED = auto()
    FAILED = auto()
    RETRY = auto()
    STALE = auto()
    """Its stamp was too old or too new for the peer's clock; a fresh one may help."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A fate and, unless delivered, the reason in words; ``peer_now_ms`` is its clock, if told."""

    fate: Fate
    reason: str = ""
    peer_now_ms: int | None = None


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    delivered: bool = False
    received: bool = False
    error: str = ""
    timestamp: int | None = None


def verdict(status: int, body: bytes) -> Verdict:
    """Judge an answer.

    A 200 counts only when it says what an agent says: another program on a reused port may
    answer 200 to anything.
    """
    try:
        reply = _Reply.model_validate_json(body)
    except ValidationError:
        reply = _Reply()
    if status == _OK:
        is_taken = reply.delivered or reply.received
        return Verdict(Fate.DELIVERED) if is_taken else Verdict(Fate.RETRY, _NO_AGENT)
    reason = f"HTTP {status}" + (f": {_quoted(reply.error)}" if reply.error else "")
    return _of_refusal(reply, reason) if status in _FINAL else Verdict(Fate.RETRY, reason)


def _of_refusal(reply: _Reply, reason: str) -> Verdict:
    if reply.error.startswith("Duplicate nonce"):
        # These very bytes were taken before: nonces are ours, random, and signed.
        return Verdict(Fate.DELIVERED)
    if reply.error.startswith("Message timestamp expired"):
        return Verdict(Fate.STALE, reason, reply.timestamp)
    return Verdict(Fate.FAILED, reason)


def refusal(peer: str, status: int, found: Verdict) -> PeerRefusedError:
    """The same as an error, for commands that try once."""
    is_final = found.fate in (Fate.FAILED, Fate.STALE)
    return PeerRefusedError(f'"{peer}" refused: {found.reason}', status=status, is_final=is_final)


def _quoted(text: str) -> str:
    # What a peer writes is shown to people and models: one line, bounded, no control characters.
    plain = "".join(char if char.isprintable() else " " for char in text[:_MAX_QUOTED_CHARS])
    return plain.strip()

"""Version 1 of the message on the wire: its members, their limits, its bytes."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meshbot_core.errors import InvalidArgumentError
from meshbot_core.types import NAME_PATTERN, MessageKind

MAX_ID_CHARS: Final = 200
"""Ids and nonces are UUIDs by custom; others are taken up to this length."""

MAX_HOPS: Final = 1000
MAX_TIMESTAMP_MS: Final = 2**53 - 1
"""The largest whole number that JavaScript keeps exactly."""

_Token = Annotated[
    str, Field(min_length=1, max_length=MAX_ID_CHARS, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")
]
_Name = Annotated[str, Field(pattern=f"^{NAME_PATTERN.pattern}$")]


class WireMessage(BaseModel):
    """One message as it travels, in the order of its members.

    ``hmac`` covers id, kind, payload, timestamp and nonce, not ``sender``, ``to`` and
    ``reply_to``. ``hops`` is ours: how many messages led to it. Members that we do not know
    are ignored.
    """

    model_config = ConfigDict(
        frozen=True, strict=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    id: _Token
    sender: _Name = Field(alias="from")
    to: Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS)]
    kind: MessageKind = Field(alias="type")
    payload: str
    reply_to: _Token | None = Field(default=None, alias="replyTo")
    timestamp: Annotated[int, Field(ge=0, le=MAX_TIMESTAMP_MS)]
    nonce: _Token
    hmac: str
    hops: Annotated[int, Field(ge=0, le=MAX_HOPS)] | None = None


def encode(message: WireMessage) -> bytes:
    """The message as compact JSON, members in the order of the protocol."""
    return message.model_dump_json(by_alias=True, exclude_none=True).encode()


def made_message(
    *,
    id: str,  # noqa: A002 -- the protocol's own word
    sender: str,
    to: str,
    kind: MessageKind,
    payload: str,
    reply_to: str | None,
    timestamp: int,
    nonce: str,
    hmac: str,
    hops: int | None,
) -> WireMessage:
    """Build a message of our own, checked as strictly as one from outside.

    Raises:
        InvalidArgumentError: A member is outside its limits.
    """
    try:
        return WireMessage(
            id=id,
            sender=sender,
            to=to,
            kind=kind,
            payload=payload,
            reply_to=reply_to,
            timestamp=timestamp,
            nonce=nonce,
            hmac=hmac,
            hops=hops,
        )
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        member = ".".join(str(part) for part in problem["loc"])
        raise InvalidArgumentError(f"message member {member!r}: {problem['msg']}") from error

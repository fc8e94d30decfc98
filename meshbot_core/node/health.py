"""How a peer is: the question's answer, judged. No I/O."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meshbot_core.mesh.config import Peer

MAX_HEALTH_BYTES = 64 * 1024
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class PeerHealth:
    """One peer as its own ``/mesh/health`` tells.

    ``skew_ms`` is how far its clock is ahead of ours, ``state`` what its session does. What is
    unknown is None or empty; ``error`` says why a peer counts as offline. Health is a hint,
    never proof.
    """

    name: str
    url: str
    description: str
    is_online: bool
    latency_ms: int | None = None
    agent: str | None = None
    timestamp_ms: int | None = None
    skew_ms: int | None = None
    version: str | None = None
    protocols: tuple[int, ...] = ()
    error: str | None = None
    state: str = ""


AskStanding = Literal["delivered", "seen", "working", "untold", "away"]
"""How far an ask is with the peer that has it.

``delivered``: it waits there; ``seen``: the model was shown it; ``working``: in the turn that
runs now. ``untold``: the peer does not tell, ``away``: it did not answer.
"""

ASKS_PATH: Final = "/mesh/asks/"
"""Ours, behind the bearer; the reference answers 404, which is ``untold``."""


class StandingAnswer(BaseModel):
    """What a peer answers to ``GET /mesh/asks/ID``."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    state: Literal["delivered", "seen", "working"]


class _HealthAnswer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    agent: str
    status: str
    timestamp: int
    version: str | None = None
    protocols: tuple[Annotated[int, Field(ge=0, le=9999)], ...] = Field(default=(), max_length=16)
    state: str = Field(default="", max_length=40)


def offline(name: str, peer: Peer, error: str) -> PeerHealth:
    """A peer that does not answer, or not as it should."""
    return PeerHealth(
        name=name, url=peer.url, description=peer.description, is_online=False, error=error
    )


def standing_in(status: int, body: bytes) -> AskStanding:
    """What an answer to the question for an ask means."""
    try:
        return StandingAnswer.model_validate_json(body).state if status == _OK else "untold"
    except ValidationError:
        return "untold"


def judged(
    name: str, peer: Peer, *, status: int, body: bytes, asked_at_ms: int, answered_at_ms: int
) -> PeerHealth:
    """What an answer to a health question means.

    Args:
        name: Who should have answered.
        peer: Its entry.
        status: The HTTP status.
        body: What was answered.
        asked_at_ms: Our clock when we asked.
        answered_at_ms: Our clock when the answer was there.
    """
    try:
        answer = _HealthAnswer.model_validate_json(body)
    except ValidationError:
        return offline(name, peer, f"HTTP {status} from something that is no agent")
    is_online = status == _OK and answer.status == "online" and answer.agent == name
    error = None
    if answer.agent != name:
        error = f'another agent answers there: "{answer.agent[:64]}"'
    elif not is_online:
        error = f"HTTP {status}, status {answer.status[:64]!r}"
    return PeerHealth(
        name=name,
        url=peer.url,
        description=peer.description,
        is_online=is_online,
        latency_ms=max(0, answered_at_ms - asked_at_ms),
        agent=answer.agent,
        timestamp_ms=answer.timestamp,
        skew_ms=answer.timestamp - (asked_at_ms + answered_at_ms) // 2,
        version=answer.version,
        protocols=answer.protocols,
        error=error,
        state=answer.state,
    )

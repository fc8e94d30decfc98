"""What a session did, as far as messages and limits are concerned."""

from dataclasses import dataclass
from typing import Final

from meshbot_core.claude import hooks
from meshbot_core.claude import stream as lines

_ERROR_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class TurnBegan:
    """A turn began; ``is_by_human`` when a person, not a message of the mesh, made it begin."""

    is_by_human: bool


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """A turn ended; not ``is_well`` by an error of the API, or because it was interrupted.

    ``limited_until_ms`` is when a limit ends, 0 when that was not said.
    """

    is_well: bool
    error: str = ""
    is_limit: bool = False
    limited_until_ms: int = 0

    @classmethod
    def failed(cls, event: hooks.StopFailure, limit_ends_ms: int) -> "TurnEnded":
        """As a hook tells it; a limit that was reached ends at ``limit_ends_ms``."""
        return cls(
            is_well=False,
            error=event.details or event.error,
            is_limit=event.is_limit,
            limited_until_ms=limit_ends_ms if event.is_limit else 0,
        )

    @classmethod
    def resulted(cls, event: lines.TurnEnded, limited_until_ms: int) -> "TurnEnded":
        """As the stream tells it; ``limited_until_ms`` is of a limit that it told of before."""
        is_limit = bool(limited_until_ms) or event.api_status in (429, 529)
        return cls(
            is_well=not event.is_error,
            error=event.text[:_ERROR_CHARS] if event.is_error else "",
            is_limit=event.is_error and is_limit,
            limited_until_ms=limited_until_ms if event.is_error else 0,
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """Messages of these ids were given to the model, in the turn that runs."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Woken:
    """What a waiter brought was given to the model; its event names no ids."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A line of ours was not given to the model, and will not be."""

    line: str


@dataclass(frozen=True, slots=True)
class ConversationBegan:
    """Claude Code's session id is another one from now on (start, ``/clear``)."""

    conversation: str


@dataclass(frozen=True, slots=True)
class Spent:
    """What the running process cost up to now."""

    total_usd: float
    conversation: str


Effect = TurnBegan | TurnEnded | Shown | Woken | Dropped | ConversationBegan | Spent

"""What a session did, as far as messages and limits are concerned."""

from dataclasses import dataclass


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

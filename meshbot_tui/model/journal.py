"""All messages of this machine's agents as one list; pure."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

Key = tuple[str, int]
"""A local agent, and a place in its journal."""


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message as one line of the list.

    ``state`` is how far it got on its way (``received`` when its sender is elsewhere),
    ``read_state`` what its local receiver did with it (empty: not known).
    """

    key: Key
    id: str
    sender: str
    to: str
    kind: str
    text: str
    size: int
    at_ms: int
    reply_to: str | None = None
    state: str = ""
    read_state: str = ""
    ask_state: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of every message: enough to order and to filter."""

    key: Key
    at_ms: int
    sender: str
    to: str
    kind: str


@dataclass(frozen=True, slots=True)
class JournalIndex:
    """Messages in the order of time; never changed."""

    places: tuple[Place, ...] = ()
    _at: dict[Key, int] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, places: Iterable[Place]) -> "JournalIndex":
        """An index of these."""
        ordered = tuple(sorted(places, key=lambda place: (place.at_ms, place.key)))
        return cls(ordered, {place.key: number for number, place in enumerate(ordered)})

    def __len__(self) -> int:
        return len(self.places)

    def position_of(self, key: Key) -> int | None:
        """Where a message stands."""
        return self._at.get(key)

    def key_at(self, position: int) -> Key:
        """The message that stands there."""
        return self.places[position].key

    def filtered(
        self,
        *,
        agent: str | None = None,
        pair: tuple[str, str] | None = None,
        kind: str | None = None,
        keys: AbstractSet[Key] | None = None,
    ) -> "JournalIndex":
        """The messages of an agent, from one to another, of a kind, and among ``keys``."""
        return JournalIndex.of(
            place
            for place in self.places
            if (agent is None or agent in (place.sender, place.to))
            and (pair is None or pair == (place.sender, place.to))
            and (kind is None or kind == place.kind)
            and (keys is None or place.key in keys)
        )

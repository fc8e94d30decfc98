"""All messages of this machine's agents as one list; pure."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, NamedTuple

Key = tuple[str, int]
"""A local agent, and a place in its journal."""

_LINEAR: Final = 10
"""From one in so many on, looking through all is quicker than looking each up."""


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message as one line of the list.

    ``state`` is how far it got on its way (``received`` when its sender is elsewhere),
    ``read_state`` what its local receiver did with it: new, shown, read, or empty when that is
    not known.
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


class Stand(NamedTuple):
    """What is known of every message: enough to order and to filter, in this order."""

    at_ms: int
    agent: str
    seq: int
    sender: str
    to: str
    kind: str

    @property
    def key(self) -> Key:
        """Whose journal, and where in it."""
        return self.agent, self.seq


@dataclass(frozen=True, slots=True)
class JournalIndex:
    """Messages in the order of time; never changed."""

    stands: tuple[Stand, ...] = ()
    times: Mapping[Key, int] = field(default_factory=dict, compare=False, repr=False)
    """The time of each message, of those that are not in this index too."""

    @classmethod
    def of(cls, stands: Iterable[Stand], times: Mapping[Key, int] | None = None) -> "JournalIndex":
        """An index of these; ``times`` when somebody keeps them anyway."""
        ordered = tuple(sorted(stands))
        return cls(ordered, times if times is not None else {s.key: s.at_ms for s in ordered})

    def __len__(self) -> int:
        return len(self.stands)

    def position_of(self, key: Key) -> int | None:
        """Where a message stands; None: not here."""
        at_ms = self.times.get(key)
        if at_ms is None:
            return None
        place = bisect_left(self.stands, (at_ms, *key))
        is_here = place < len(self.stands) and self.stands[place].key == key
        return place if is_here else None

    def key_at(self, position: int) -> Key:
        """The message that stands there."""
        return self.stands[position].key

    def filtered(
        self,
        *,
        agent: str | None = None,
        pair: tuple[str, str] | None = None,
        kind: str | None = None,
        keys: AbstractSet[Key] | None = None,
    ) -> "JournalIndex":
        """The messages of an agent, from one to another, of a kind, and among ``keys``."""
        if keys is not None and len(keys) * _LINEAR > len(self.stands):
            stands = [stand for stand in self.stands if stand.key in keys]
        elif keys is not None:
            places = (self.position_of(key) for key in keys)
            stands = [self.stands[place] for place in sorted(p for p in places if p is not None)]
        else:
            stands = list(self.stands)
        if agent is not None:
            stands = [stand for stand in stands if agent in (stand.sender, stand.to)]
        if pair is not None:
            stands = [stand for stand in stands if pair == (stand.sender, stand.to)]
        if kind is not None:
            stands = [stand for stand in stands if kind == stand.kind]
        return JournalIndex(tuple(stands), self.times)

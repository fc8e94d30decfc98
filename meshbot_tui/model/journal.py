"""All messages of this machine's agents as one list; pure."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import compress
from typing import NamedTuple

Key = tuple[str, int]
"""A local agent, and a place in its journal."""


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


class Route(NamedTuple):
    """Between whom, and what: message, ask or response."""

    sender: str
    to: str
    kind: str


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
class Column:
    """The times of one journal's messages, by their places, which ascend; it only grows."""

    seqs: "array[int]" = field(default_factory=lambda: array("q"))
    times: "array[int]" = field(default_factory=lambda: array("q"))

    def time_of(self, seq: int) -> int | None:
        """When the message of this place was; None: there is none."""
        place = bisect_left(self.seqs, seq)
        is_here = place < len(self.seqs) and self.seqs[place] == seq
        return self.times[place] if is_here else None


@dataclass(frozen=True, slots=True, eq=False)
class JournalIndex:
    """Messages in the order of time, then of agent and place; never changed.

    There may be very many: each is a row of four numbers, two of them places in ``agents``,
    which are sorted, and in ``routes``.
    """

    agents: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    columns: Mapping[str, Column] = field(default_factory=dict, repr=False)
    """Every message of each agent, of those that are not in this index too."""
    times: "array[int]" = field(default_factory=lambda: array("q"), repr=False)
    owners: "array[int]" = field(default_factory=lambda: array("I"), repr=False)
    seqs: "array[int]" = field(default_factory=lambda: array("q"), repr=False)
    ways: "array[int]" = field(default_factory=lambda: array("I"), repr=False)

    @classmethod
    def of(cls, stands: Iterable[Stand]) -> "JournalIndex":
        """An index of these."""
        ordered = sorted(stands)
        agents = tuple(sorted({stand.agent for stand in ordered}))
        routes = tuple({Route(*stand[3:]): None for stand in ordered})
        owner_of = {agent: number for number, agent in enumerate(agents)}
        way_of = {route: number for number, route in enumerate(routes)}
        columns = {agent: Column() for agent in agents}
        for stand in sorted(ordered, key=lambda stand: stand.seq):
            columns[stand.agent].seqs.append(stand.seq)
            columns[stand.agent].times.append(stand.at_ms)
        return cls(
            agents,
            routes,
            columns,
            array("q", (stand.at_ms for stand in ordered)),
            array("I", (owner_of[stand.agent] for stand in ordered)),
            array("q", (stand.seq for stand in ordered)),
            array("I", (way_of[Route(*stand[3:])] for stand in ordered)),
        )

    def __len__(self) -> int:
        return len(self.seqs)

    @property
    def stands(self) -> tuple[Stand, ...]:
        """All of it, spelled out."""
        rows = zip(self.times, self.owners, self.seqs, self.ways, strict=True)
        return tuple(
            Stand(at_ms, self.agents[owner], seq, *self.routes[way])
            for at_ms, owner, seq, way in rows
        )

    def position_of(self, key: Key) -> int | None:
        """Where a message stands; None: not here."""
        agent, seq = key
        column = self.columns.get(agent)
        at_ms = None if column is None else column.time_of(seq)
        owner = bisect_left(self.agents, agent)
        if at_ms is None or owner == len(self.agents):
            return None
        place = place_of(self.times, self.owners, self.seqs, (at_ms, owner, seq))
        is_here = place < len(self) and self.key_at(place) == key
        return place if is_here else None

    def key_at(self, position: int) -> Key:
        """The message that stands there."""
        return self.agents[self.owners[position]], self.seqs[position]

    def filtered(
        self,
        *,
        agent: str | None = None,
        pair: tuple[str, str] | None = None,
        kind: str | None = None,
        keys: AbstractSet[Key] | None = None,
    ) -> "JournalIndex":
        """The messages of an agent, from one to another, of a kind, and among ``keys``."""
        fits = [
            (agent is None or agent in route[:2])
            and (pair is None or pair == route[:2])
            and (kind is None or kind == route.kind)
            for route in self.routes
        ]
        found = self if all(fits) else self.only(map(fits.__getitem__, self.ways))
        return found if keys is None else found.only(found.is_among(keys))

    def is_among(self, keys: AbstractSet[Key]) -> Iterable[bool]:
        """Of each message, whether it is one of these."""
        wanted: dict[str, set[int]] = {name: set() for name in self.agents}
        for name, seq in keys:
            if name in wanted:
                wanted[name].add(seq)
        sets = [wanted[name] for name in self.agents]
        return (seq in sets[owner] for owner, seq in zip(self.owners, self.seqs, strict=True))

    def only(self, fits: Iterable[bool]) -> "JournalIndex":
        """Those of which ``fits``, which goes through all of them, is true."""
        mask = bytearray(fits)
        return JournalIndex(
            self.agents,
            self.routes,
            self.columns,
            array("q", compress(self.times, mask)),
            array("I", compress(self.owners, mask)),
            array("q", compress(self.seqs, mask)),
            array("I", compress(self.ways, mask)),
        )


def place_of(
    times: "array[int]", owners: "array[int]", seqs: "array[int]", wanted: tuple[int, int, int]
) -> int:
    """Where a row of this time, owner and seq stands in three columns, or would."""
    return bisect_left(
        range(len(seqs)), wanted, key=lambda place: (times[place], owners[place], seqs[place])
    )

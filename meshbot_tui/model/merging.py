"""Several journals becoming one list, as they are read and as they change; pure.

A message stands where its sender's journal has it; if its sender is elsewhere, or has forgotten
it, where its receiver's has it. Whatever the order in which journals are read and grow, the list
is the same.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import compress, repeat
from operator import itemgetter
from typing import Final, NamedTuple

from meshbot_tui.model.journal import Column, JournalIndex, Route, place_of

Place = tuple[int, str, str, str, str, int]
"""Seq, ``in`` or ``out``, id, peer, kind and time, as a journal tells it."""

_FEW: Final = 64
"""So many are put where they belong one by one; more are sorted with those that are later."""


class _Way(NamedTuple):
    number: int
    is_out: bool


@dataclass(slots=True)
class _Box:
    """One journal, four numbers a row; a mark is the hash of a message's id and its two ends."""

    column: Column = field(default_factory=Column)
    ways: "array[int]" = field(default_factory=lambda: array("I"))
    marks: "array[int]" = field(default_factory=lambda: array("q"))
    known: dict[tuple[str, str, str], _Way] = field(default_factory=dict)

    def without(self, gone: AbstractSet[int]) -> "_Box":
        keeps = bytearray(seq not in gone for seq in self.column.seqs)
        column = Column(
            array("q", compress(self.column.seqs, keeps)),
            array("q", compress(self.column.times, keeps)),
        )
        ways = array("I", compress(self.ways, keeps))
        return _Box(column, ways, array("q", compress(self.marks, keeps)), self.known)


Row = tuple[int, int, int, int]
"""Time, owner, seq and way."""


class Merged:
    """All journals as one list; ``index`` gives it as it stands."""

    def __init__(self) -> None:
        self._boxes: dict[str, _Box] = {}
        self._routes: dict[Route, int] = {}
        self._agents: tuple[str, ...] = ()
        self._sent: set[int] = set()
        self._alone: dict[int, Row] = {}
        """Rows of receivers whose sender's row, if there is one, was not seen."""
        self._fresh: dict[tuple[int, int], Row] = {}
        self._rows = JournalIndex()
        self._is_stale = False

    def last(self, agent: str) -> int:
        """Up to which place an agent's journal was read."""
        box = self._boxes.get(agent)
        return box.column.seqs[-1] if box is not None and box.column.seqs else 0

    def count(self, agent: str) -> int:
        """How many rows of an agent's journal are known."""
        box = self._boxes.get(agent)
        return 0 if box is None else len(box.column.seqs)

    def seqs(self, agent: str) -> frozenset[int]:
        """The places of them."""
        box = self._boxes.get(agent)
        return frozenset() if box is None else frozenset(box.column.seqs)

    # -- changes

    def open(self, agent: str) -> None:
        """An agent is of this machine."""
        if agent in self._boxes:
            return
        self._boxes[agent] = _Box()
        # Of whom nobody heard yet no row of another's can be a second one.
        is_new = not any(route.sender == agent for route in self._routes)
        if self._agents and not self._is_stale and is_new:
            self._make_room(agent)
        else:
            self._is_stale = True

    def _make_room(self, agent: str) -> None:
        """Give those that stand behind an agent, which has no rows yet, their next number."""
        place = bisect_left(self._agents, agent)
        self._agents = (*self._agents[:place], agent, *self._agents[place:])
        number = [owner + (owner >= place) for owner in range(len(self._agents) - 1)]
        owners = self._rows.owners
        owners[:] = array(owners.typecode, map(number.__getitem__, owners))
        rows = {mark: (row[0], number[row[1]], *row[2:]) for mark, row in self._alone.items()}
        self._alone = rows
        fresh = [(row[0], number[row[1]], *row[2:]) for row in self._fresh.values()]
        self._fresh = {row[1:3]: row for row in fresh}

    def drop(self, agent: str) -> None:
        """All of an agent's journal is gone; it may begin anew."""
        self.open(agent)
        if self._boxes[agent].column.seqs:
            self._boxes[agent] = _Box()
            self._is_stale = True

    def close(self, agent: str) -> None:
        """An agent is of this machine no more."""
        if self._boxes.pop(agent, None) is not None:
            self._is_stale = True

    def remove(self, agent: str, gone: AbstractSet[int]) -> None:
        """These rows are gone."""
        if agent in self._boxes and gone:
            self._boxes[agent] = self._boxes[agent].without(gone)
            self._is_stale = True

    def add(self, agent: str, places: Sequence[Place]) -> None:
        """More of an agent's journal, behind what is known of it, in order."""
        self.open(agent)
        box = self._boxes[agent]
        start = len(box.marks)
        for seq, direction, id_, peer, kind, at_ms in places:
            way = box.known.get((direction, peer, kind))
            if way is None:
                way = self._way(box, agent, direction, peer, kind)
            ends = (agent, peer) if way.is_out else (peer, agent)
            box.column.times.append(at_ms)
            box.column.seqs.append(seq)
            box.ways.append(way.number)
            box.marks.append(hash((id_, ends)))
        if not self._is_stale:
            self._take(agent, box, start)

    def _way(self, box: _Box, agent: str, direction: str, peer: str, kind: str) -> _Way:
        is_out = direction == "out"
        route = Route(agent, peer, kind) if is_out else Route(peer, agent, kind)
        # A message to oneself has a row of each direction, on the same route.
        number = 2 * self._routes.setdefault(route, len(self._routes)) + is_out
        return box.known.setdefault((direction, peer, kind), _Way(number, is_out))

    def _take(self, agent: str, box: _Box, start: int) -> None:
        """Find which rows of a journal, from ``start`` on, are rows of the list."""
        owner = self._agents.index(agent)
        routes = tuple(self._routes)
        is_local = [route.sender in self._boxes for route in routes]
        column = box.column
        rows = zip(
            column.times[start:], column.seqs[start:], box.ways[start:], box.marks[start:],
            strict=True,
        )  # fmt: skip
        for at_ms, seq, way, mark in rows:
            row = (at_ms, owner, seq, way >> 1)
            if way & 1:
                self._sent.add(mark)
                if (other := self._alone.pop(mark, None)) is not None:
                    self._withdraw(other)
            elif mark in self._sent:
                continue
            elif is_local[way >> 1]:
                self._alone[mark] = row
            self._fresh[owner, seq] = row

    def _withdraw(self, row: Row) -> None:
        """What a receiver had is its sender's row now."""
        if self._fresh.pop(row[1:3], None) is not None:
            return
        there = self._rows
        place = place_of(there.times, there.owners, there.seqs, row[:3])
        for numbers in (there.times, there.owners, there.seqs, there.ways):
            del numbers[place]

    # -- the list

    def index(self) -> JournalIndex:
        """The list as it stands."""
        if self._is_stale:
            self._begin_anew()
        self._settle()
        rows = self._rows
        return JournalIndex(
            self._agents,
            tuple(self._routes),
            {agent: box.column for agent, box in self._boxes.items()},
            *(array(numbers.typecode, numbers) for numbers in _numbers(rows)),
        )

    def _begin_anew(self) -> None:
        """Make the list from all that is known."""
        self._agents = tuple(sorted(self._boxes))
        self._rows, self._sent, self._alone, self._fresh = JournalIndex(), set(), {}, {}
        self._is_stale = False
        for box in self._boxes.values():
            self._sent.update(compress(box.marks, (way & 1 for way in box.ways)))
        rows: list[Row] = []
        for owner, agent in enumerate(self._agents):
            rows += self._rows_of(owner, self._boxes[agent])
        rows.sort()
        for place, numbers in enumerate(_numbers(self._rows)):
            numbers.extend(map(itemgetter(place), rows))

    def _rows_of(self, owner: int, box: _Box) -> Iterator[Row]:
        """The rows of a journal that are rows of the list, once all that was sent is known."""
        is_own: list[bool] = []
        for route in self._routes:
            is_own += (route.sender not in self._boxes, True)
        sent = self._sent
        keeps = bytearray(
            is_own[way] or mark not in sent for way, mark in zip(box.ways, box.marks, strict=True)
        )
        rows = zip(
            compress(box.column.times, keeps),
            repeat(owner),
            compress(box.column.seqs, keeps),
            (way >> 1 for way in compress(box.ways, keeps)),
        )  # fmt: skip
        marks = zip(compress(box.marks, keeps), compress(box.ways, keeps), strict=True)
        for row, (mark, way) in zip(rows, marks, strict=True):
            if not is_own[way]:
                self._alone[mark] = row
            yield row

    def _settle(self) -> None:
        """Put what is fresh where it belongs."""
        fresh, self._fresh = sorted(self._fresh.values()), {}
        if not fresh:
            return
        rows = self._rows
        place = place_of(rows.times, rows.owners, rows.seqs, fresh[0][:3])
        if len(fresh) <= _FEW and place < len(rows):
            self._put(fresh)
            return
        columns = _numbers(rows)
        tail = list(zip(*(numbers[place:] for numbers in columns), strict=True))
        later = zip(*sorted(tail + fresh), strict=True)
        for numbers, more in zip(columns, later, strict=True):
            del numbers[place:]
            numbers.extend(more)

    def _put(self, fresh: list[Row]) -> None:
        rows = self._rows
        for row in fresh:
            place = place_of(rows.times, rows.owners, rows.seqs, row[:3])
            for numbers, number in zip(_numbers(rows), row, strict=True):
                numbers.insert(place, number)


def _numbers(rows: JournalIndex) -> "tuple[array[int], ...]":
    return rows.times, rows.owners, rows.seqs, rows.ways

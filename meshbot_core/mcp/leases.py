"""Which leased messages a session has certainly got; pure bookkeeping.

A result that carries messages is proof of nothing until it was written completely, and then
only a call that the client began afterwards proves that it was read. Places are offsets in the
client's byte stream: a call that began before the place where a write was complete ran beside it.
"""

from dataclasses import dataclass, field

CallId = int | str


@dataclass(frozen=True, slots=True)
class Settlement:
    """Lease ids by what is to be said about them."""

    acknowledge: tuple[str, ...] = ()
    give_back: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.acknowledge or self.give_back)


@dataclass(slots=True)
class Leases:
    """The leases that one session holds, from handed over until settled."""

    _proven: dict[CallId, tuple[str, ...]] = field(default_factory=dict)
    _carried: dict[CallId, list[str]] = field(default_factory=dict)
    _written: dict[str, int] = field(default_factory=dict)
    _unread: dict[str, None] = field(default_factory=dict)

    def began(self, call: CallId, place: int) -> None:
        """A tool call came in whose line begins at ``place``."""
        self._proven[call] = tuple(lease for lease, at in self._written.items() if at <= place)

    def carry(self, call: CallId, lease_id: str) -> None:
        """The result of ``call`` will carry this lease; an empty id is none."""
        if lease_id:
            self._carried.setdefault(call, []).append(lease_id)

    def written(self, call: CallId, place: int) -> tuple[str, ...]:
        """The result of ``call`` is written, the client had sent ``place`` bytes; its leases."""
        self._proven.pop(call, None)
        carried = tuple(self._carried.pop(call, ()))
        self._written.update(dict.fromkeys(carried, place))
        return carried

    def dropped(self, call: CallId) -> None:
        """``call`` ended without its result: nobody read what it carried."""
        self._proven.pop(call, None)
        self._unread.update(dict.fromkeys(self._carried.pop(call, ())))

    def due(self, call: CallId) -> Settlement:
        """What the beginning of ``call`` settles; say ``settled`` when the host knows."""
        proven = (lease for lease in self._proven.get(call, ()) if lease in self._written)
        return Settlement(tuple(proven), tuple(self._unread))

    def settled(self, done: Settlement) -> None:
        """The host knows these; they are told no more."""
        for lease in done.acknowledge:
            self._written.pop(lease, None)
        for lease in done.give_back:
            self._unread.pop(lease, None)

    def at_end(self, *, reader_is_there: bool) -> Settlement:
        """What an ending session says: without its reader, nothing was read for certain."""
        carried = (lease for leases in self._carried.values() for lease in leases)
        unread = (*self._unread, *carried)
        if reader_is_there:
            return Settlement(tuple(self._written), unread)
        return Settlement((), (*self._written, *unread))

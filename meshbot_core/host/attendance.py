"""Who needs this host, and for how long it stays.

A client is present while it holds the event stream open, and in use while a request of its
runs. A host ends when its last client says goodbye, or some seconds after the last one
vanished without a word. Pure bookkeeping: the caller tells the time and acts.
"""

from dataclasses import dataclass, field

from meshbot_core.host.api import ClientView


def pid_of(session: str) -> int | None:
    """The pid inside a session id (``kind-pid-random``), None when there is none."""
    parts = session.split("-")
    return int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else None  # noqa: PLR2004 - three parts


@dataclass(slots=True)
class Attendance:
    """The clients of one host; times are seconds of a monotonic clock."""

    linger_s: float
    stay_until_s: float
    _present: dict[str, list[ClientView]] = field(default_factory=dict)
    _awaited: dict[str, float] = field(default_factory=dict)
    _requests: int = 0

    def came(self, client: ClientView) -> None:
        """A client opened an event stream."""
        self._present.setdefault(client.session, []).append(client)
        self._awaited.pop(client.session, None)

    def left(self, client: ClientView, now_s: float) -> bool:
        """An event stream closed; True when its session vanished without a goodbye."""
        streams = self._present.get(client.session, [])
        if client not in streams:
            return False
        streams.remove(client)
        if streams:
            return False
        del self._present[client.session]
        self.await_return(client.session, now_s)
        return True

    def await_return(self, session: str, now_s: float) -> None:
        """Keep what belongs to ``session`` for a while: it may come back."""
        if session not in self._present:
            self._awaited[session] = now_s + self.linger_s
        self.stay_until_s = max(self.stay_until_s, now_s + self.linger_s)

    def said_goodbye(self, session: str, now_s: float) -> None:
        """A client ended in order; with nobody else there, the host need not stay."""
        self._present.pop(session, None)
        self._awaited.pop(session, None)
        if not self._present and not self._awaited:
            self.stay_until_s = now_s

    def request_began(self) -> None:
        """A request is under way."""
        self._requests += 1

    def request_ended(self, now_s: float, *, is_last: bool = False) -> None:
        """A request is over; unless it was its sender's last, another may come for a while."""
        self._requests -= 1
        if not is_last:
            self.stay_until_s = max(self.stay_until_s, now_s + self.linger_s)

    def is_present(self, session: str) -> bool:
        """Whether this session holds an event stream open."""
        return session in self._present

    def given_up(self, now_s: float) -> tuple[str, ...]:
        """Sessions awaited in vain; each is told of once."""
        gone = tuple(name for name, until in self._awaited.items() if until <= now_s)
        for session in gone:
            del self._awaited[session]
        return gone

    def awaited(self) -> tuple[str, ...]:
        """Sessions that vanished and may come back."""
        return tuple(self._awaited)

    def sessions(self) -> tuple[str, ...]:
        """Everybody who may hold something: who is here, and who may come back."""
        return tuple({**self._present, **self._awaited})

    def give_up(self, session: str) -> None:
        """Wait no longer for ``session``: it is known to be dead."""
        self._awaited.pop(session, None)

    def clients(self) -> tuple[ClientView, ...]:
        """Everybody who is present."""
        return tuple(client for streams in self._present.values() for client in streams)

    def needed_until(self, now_s: float) -> float | None:
        """When the host may end, None while somebody is there."""
        if self._present or self._requests:
            return None
        return max([self.stay_until_s, *self._awaited.values()], default=now_s)

"""What the messages that a host takes in, shows and sends mean for its session."""

from collections.abc import Callable
from dataclasses import dataclass

from meshbot_core.mailbox.records import InboxMessage
from meshbot_core.session.kept_guard import KeptGuard
from meshbot_core.session.session import Session


@dataclass(frozen=True, slots=True)
class SessionMail:
    """Tells the session that runs, if one does, and asks its guard."""

    guard: KeptGuard
    session: Callable[[], Session | None]
    is_needed: Callable[[], bool]
    """Whether a session runs, or is being started."""

    def arrived(self) -> None:
        """A message came in."""
        if (session := self.session()) is not None:
            session.pusher.arrived()

    def saw(self, messages: tuple[InboxMessage, ...]) -> None:
        """The session's model was shown these by a tool's result."""
        if (session := self.session()) is not None:
            session.leases.saw(messages)

    def hops(self) -> int:
        """How many messages led to one that this session's turn writes now."""
        session = self.session()
        return session.leases.next_hops if session else 0

    def may_send(self) -> None:
        """Let the session's agent send one more message, or not.

        Raises:
            GuardPausedError: It sends too many.
        """
        if self.is_needed():
            self.guard.guard.may_send()
            self.guard.guard.message_sent()

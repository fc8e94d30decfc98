"""What every message of ours goes through before it is kept: to whom, how large, how long."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from meshbot_core.errors import InvalidArgumentError, TooLargeError
from meshbot_core.host.operating import Operators
from meshbot_core.mailbox.records import Draft, InboxMessage
from meshbot_core.mesh.peers import peer as peer_named
from meshbot_core.node.node import Node
from meshbot_core.types import Clock, MessageKind
from meshbot_core.wire.message import MAX_HOPS

MESSAGE_TTL_MS: Final = 24 * 3600 * 1000
_ENVELOPE_BYTES: Final = 1024
"""What a wire message needs beside its text, at most."""


@dataclass(frozen=True, slots=True)
class Writing:
    """Makes drafts for peers that are in the mesh as it is configured now.

    ``hops`` tells how many messages led to one that is written now: one more than the most of
    those that were shown in this turn. ``saw`` is told what was shown by a tool's result.
    ``may_send`` raises when the guard has paused the agent.
    """

    node: Node
    clock: Clock
    operators: Operators
    hops: Callable[[], int] = lambda: 0
    saw: Callable[[tuple[InboxMessage, ...]], None] = lambda _: None
    may_send: Callable[[], None] = lambda: None

    def draft(
        self,
        message_id: str,
        to: str,
        kind: MessageKind,
        text: str,
        *,
        answered: InboxMessage | None = None,
    ) -> Draft:
        """A message of ours that is tried for a day; ``answered`` is what it is an answer to."""
        after_answered = 0 if answered is None else answered.hops + 1
        return Draft(
            id=message_id,
            to=to,
            kind=kind,
            payload=text,
            reply_to=None,
            expires_at_ms=self.clock.now_ms() + MESSAGE_TTL_MS,
            hops=min(MAX_HOPS, max(self.hops(), after_answered)),
        )

    async def receiver(self, to: str, text: str, *, is_counted: bool = True) -> str:
        """The agent that ``to`` means; the operator's host is started when it does not run.

        ``is_counted``: it counts as a message of the session, whose guard may refuse it.

        Raises:
            UnknownPeerError: ``to`` is not in the mesh.
            TooLargeError: The text is over the mesh's limit.
            InvalidArgumentError: The text is no Unicode.
            GuardPausedError: The session sends too many.
        """
        self.node.reread()
        name = self.operators.meant(to, self.node.config)
        if self.operators.is_another(name, self.node.config):
            await self.operators.be_there(self.node.config)
        self.check_receiver(name, text)
        if is_counted:
            self.may_send()
        return name

    async def note_on(self, name: str) -> str:
        """What an asker should know of a peer that has the question."""
        config = self.node.config
        if not self.operators.is_another(name, config):
            return ""
        return await self.operators.attendance_note(config)

    def check_receiver(self, to: str, text: str) -> None:
        """Refuse what could never arrive.

        Raises:
            UnknownPeerError: ``to`` is not in the mesh.
            TooLargeError: The text is over the mesh's limit.
            InvalidArgumentError: The text is no Unicode.
        """
        self.node.reread()
        peer_named(self.node.config, to)
        limit = self.node.config.security.max_message_size_bytes
        try:
            size = len(json.dumps(text, ensure_ascii=False).encode())
        except UnicodeEncodeError as error:
            raise InvalidArgumentError(
                "the message holds half a surrogate pair, which no JSON text can carry"
            ) from error
        if size + _ENVELOPE_BYTES > limit:
            raise TooLargeError(
                f"the message is {size} bytes, over the mesh's limit of {limit}",
                hint="send it in parts, or a path or link to it",
            )

    def url_of(self, name: str) -> str:
        """Where a peer is said to be; empty when it is not in the mesh."""
        found = self.node.config.peers.get(name)
        return found.url if found else ""

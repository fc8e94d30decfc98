"""Handing messages to a session: when, and by which way."""

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from meshbot_core.claude.answers import fits_context
from meshbot_core.claude.framing import framed, own_words, sender_of
from meshbot_core.errors import MailboxError, NoSessionError
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.records import Channel, InboxMessage, LeaseRequest
from meshbot_core.session.backoff import Backoff
from meshbot_core.session.leases import Leases
from meshbot_core.session.records import Hop
from meshbot_core.session.tracker import Tracker
from meshbot_core.session.ways import Push
from meshbot_core.types import Clock, new_id

log = logging.getLogger(__name__)

MESSAGE_BYTES: Final = 16 * 1024
TOTAL_BYTES: Final = 64 * 1024
_HOOK_MESSAGES: Final = 8
_HOOK_BYTES: Final = 5 * 1024
"""With what stands around each message, this stays below what a hook can show."""
_LOOK_S: Final = 1.0
_ANNOUNCED_MS: Final = 5_000
"""After that an announcement has begun a turn, if it begins one."""
_ANNOUNCE_AGAIN_MS: Final = 60_000
_LONGEST_AGAIN_MS: Final = 60 * 60_000
_CHANNELS: Final[dict[Hop, Channel]] = {
    "stream": "stream_json",
    "native": "wake",
    "waiter": "wake",
    "paste": "paste",
}
_DEAF_AFTER_MS: Final = 2500
_AFTER_INTERRUPTION_MS: Final = 3000
_AFTER_DROP_MS: Final = 2000


class Ways(Protocol):
    """The ways into a session."""

    def best(self, idle_ms: int) -> Hop:
        """The way that serves now, for a session that has idled for so long."""

    async def hand_over(self, hop: Hop, push: Push) -> bool:
        """Give ``push`` to the session; False when that way is gone."""

    def may_push(self) -> bool:
        """Whether the guard lets messages through."""

    def may_wake(self) -> bool:
        """Whether a turn may begin now."""


@dataclass(slots=True)
class Pusher:
    """Hands what waits in the mailbox to one session; ``leases`` has what is under way."""

    leases: Leases
    mailbox: Mailbox
    tracker: Tracker
    ways: Ways
    clock: Clock
    server: str = "mesh"
    _texts: list[str] = field(default_factory=list)
    _asks_read: set[str] = field(default_factory=set)
    """Asks that turns have read, until it is known which of them are unanswered."""
    _reminded: set[str] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _backoff: Backoff = field(init=False)
    _has_news: bool = True
    """Messages came since a session without hooks was told of any."""
    _again_ms: int = 0
    _announce_again_ms: int = 0

    def __post_init__(self) -> None:
        self._backoff = Backoff(self.clock)

    def arrived(self) -> None:
        """A message came in: one that was not announced is, whatever was before."""
        self._has_news = True
        self.poke()

    def poke(self) -> None:
        """Something changed: look again at once."""
        self._news.set()

    async def run(self) -> None:
        """Push for as long as the session lives; cancel it to end."""
        while True:
            self._news.clear()
            try:
                await self._step()
            except (MailboxError, NoSessionError) as error:
                log.warning("a push failed: %s", error)
            try:
                async with asyncio.timeout(_LOOK_S):
                    await self._news.wait()
            except TimeoutError:
                pass

    async def _step(self) -> None:
        await self.leases.pay()
        await self.leases.take_back_overdue()
        if not self._is_due():
            return
        idle_ms = self.clock.now_ms() - self.tracker.since_ms
        hop = self.ways.best(idle_ms)
        if hop == "none":
            if idle_ms > _DEAF_AFTER_MS and self.tracker.state == "idle":
                self.tracker.to("deaf", "messages wait, and no way leads into the session")
            return
        if self.tracker.state == "deaf":
            self.tracker.to("idle")
        await self._push(hop)

    def _is_due(self) -> bool:
        tracker = self.tracker
        waits = bool(self._texts or (self.mailbox.counts.unread and self._is_worth_telling))
        is_free = not tracker.is_in_turn and tracker.state in ("idle", "deaf")
        may = self._backoff.is_over and self.ways.may_push() and self.ways.may_wake()
        return waits and is_free and not self.leases.has_unseen and may

    @property
    def _is_worth_telling(self) -> bool:
        """Whether messages that wait may be pushed, or announced once more."""
        is_again = self.clock.now_ms() >= self._announce_again_ms
        return self.tracker.hears_hooks or self._has_news or is_again

    async def _push(self, hop: Hop) -> None:
        frame_id = new_id()
        if not self.tracker.hears_hooks:
            await self._announce(hop, frame_id)
            return
        messages = await self.leases.take(hop, frame_id, self._request(_CHANNELS[hop]))
        texts = [framed(messages, now_ms=self.clock.now_ms(), server=self.server)]
        if not messages:
            texts = []
        reminders, self._texts = self._texts, []
        if not texts and not reminders:
            return
        push = Push(frame_id, "\n\n".join([*texts, *reminders]), sender_of(messages))
        if not await self._is_taken(hop, push):
            self._texts = reminders + self._texts
            await self.leases.give_back(frame_id)

    async def _announce(self, hop: Hop, frame_id: str) -> None:
        """Tell a session without hooks that messages wait: nothing can prove that it read them."""
        count = self.mailbox.counts.unread
        waits = "A message waits" if count == 1 else f"{count} messages wait"
        # Claude Code drops a text that came a moment ago in the same words.
        at = datetime.fromtimestamp(self.clock.now_ms() / 1000).astimezone()
        fetch = own_words(
            f"{waits} for you at {at:%H:%M:%S}. Read with mcp__{self.server}__check_messages."
        )
        reminders, self._texts = self._texts, []
        texts = [*([fetch] if count else []), *reminders]
        if not await self._is_taken(hop, Push(frame_id, "\n\n".join(texts), "mesh")):
            self._texts = reminders + self._texts
            return
        # A model that does not fetch is told again, and ever less often.
        again_ms = _ANNOUNCE_AGAIN_MS if self._has_news else 2 * self._again_ms
        self._again_ms = min(again_ms, _LONGEST_AGAIN_MS)
        self._has_news = False
        self._announce_again_ms = self.clock.now_ms() + self._again_ms
        self._backoff.wait(_ANNOUNCED_MS)

    async def _is_taken(self, hop: Hop, push: Push) -> bool:
        try:
            return await self.ways.hand_over(hop, push)
        except NoSessionError as error:
            log.info("the session took no push: %s", error)
            return False

    async def inject(self) -> str:
        """What goes into the running turn beside a tool's result; empty for nothing.

        The caller answers a hook of that turn with it, which shows it.
        """
        if not self.mailbox.counts.unread or not self.ways.may_push():
            return ""
        request = replace(
            self._request("hook"),
            max_messages=_HOOK_MESSAGES,
            max_bytes=_HOOK_BYTES,
            cut_bytes=_HOOK_BYTES,
        )
        frame_id = new_id()
        try:
            messages = await self.leases.take("none", frame_id, request)
        except asyncio.CancelledError:
            self.poke()  # what was leased to nobody is given back at once
            raise
        if not messages:
            return ""
        text = framed(
            messages, now_ms=self.clock.now_ms(), server=self.server, max_text_bytes=_HOOK_BYTES
        )
        if not fits_context(text):
            # Shown in part it would count as read: the next push carries it whole.
            await self.leases.give_back(frame_id)
            return ""
        self.leases.shown_for_certain(frame_id)
        self.leases.saw(messages)
        return text

    def _request(self, channel: Channel) -> LeaseRequest:
        return LeaseRequest(
            session=self.leases.session,
            channel=channel,
            turn=self.tracker.turn,
            max_bytes=TOTAL_BYTES,
            cut_bytes=MESSAGE_BYTES,
        )

    # -- what becomes of it

    def shown(self, ids: tuple[str, ...]) -> None:
        """An event of the session named these messages."""
        self.leases.shown(ids)
        self.poke()

    def woken(self) -> None:
        """The session took in what its waiter brought."""
        self.leases.woken()
        self.poke()

    async def turn_ended(
        self, *, is_well: bool, turn: int, ended_at_ms: int, retry_at_ms: int = 0
    ) -> None:
        """A turn is over: what was shown in it is done, or comes again."""
        if is_well:
            self._backoff.succeeded()
            self._asks_read |= await self.leases.ended_well(turn, ended_at_ms)
            await self._remind()
        else:
            await self.leases.ended_badly(turn)
            self._backoff.failed(retry_at_ms)
        self.poke()

    def go_on(self) -> None:
        """Whatever was waited for is over."""
        self._backoff.succeeded()
        self._backoff.lift()
        self.poke()

    def interrupted(self) -> None:
        """The person interrupted: that is no failure, but leave them a moment of calm."""
        self._backoff.succeeded()
        self._backoff.wait(_AFTER_INTERRUPTION_MS)

    @property
    def goes_on_at_ms(self) -> int:
        """When the next push is due at the earliest."""
        return self._backoff.until_ms

    def say(self, text: str) -> None:
        """Let the session read ``text`` of ours with the next push."""
        self._texts.append(text)
        self.poke()

    async def _remind(self) -> None:
        """Of an ask that a turn ended without answering the model is told once more."""
        if left := self._asks_read - self._reminded:
            for message in await self.mailbox.unanswered_asks():
                if message.id in left:
                    self._reminded.add(message.id)
                    self.say(_reminder(message, self.server))
        self._asks_read.clear()

    async def failed(self, frame_id: str) -> None:
        """A push was dropped or refused on its way: let a moment go by before the next."""
        self._backoff.wait(_AFTER_DROP_MS)
        await self.leases.give_back(frame_id)

    def native_left(self) -> None:
        """Who writes to the session's own socket is gone, maybe before it wrote."""
        self.leases.native_left()
        self.poke()

    async def gone(self) -> None:
        """The process is dead: all that it holds comes again."""
        self._backoff.lift()
        await self.leases.gone()


def _reminder(message: InboxMessage, server: str) -> str:
    return own_words(
        f"Reminder: agent {message.sender!r} still waits for your answer to its ask "
        f"{message.id!r}. "
        f"Answer it with mcp__{server}__reply(to={message.sender!r}, messageId={message.id!r}, "
        "message=...), if only to say that you cannot. You will not be reminded again."
    )

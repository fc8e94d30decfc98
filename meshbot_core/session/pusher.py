"""Handing messages to a session: when, by which way, and what proves that they were read.

A message is leased when it is handed over. Shown is proven by an event of the session that
names its id; the end of that turn makes it done, and a turn that ended badly gives it back.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from meshbot_core.claude.answers import fits_context
from meshbot_core.claude.framing import framed, own_words, sender_of
from meshbot_core.errors import MailboxError, NoSessionError
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.records import Channel, InboxMessage, LeaseRequest
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
_OVERDUE_MS: Final[dict[Hop, int]] = {
    "native": 35_000,  # the same text again within 30 s is dropped by Claude Code
    "waiter": 8_000,
    "paste": 15_000,
    "stream": 120_000,
}
_ANNOUNCED_MS: Final = 5_000
"""After that an announcement has begun a turn, if it begins one."""
_ANNOUNCE_AGAIN_MS: Final = 60_000
_LONGEST_AGAIN_MS: Final = 60 * 60_000
_MAX_RESULTS: Final = 10_000
_FORGOTTEN_MS: Final = 10 * 60 * 1000
_CHANNELS: Final[dict[Hop, Channel]] = {
    "stream": "stream_json",
    "native": "wake",
    "waiter": "wake",
    "paste": "paste",
}
_DEAF_AFTER_MS: Final = 2500
_AFTER_INTERRUPTION_MS: Final = 3000
_AFTER_DROP_MS: Final = 2000
_BACKOFF_MS: Final = 5_000
_LONGEST_BACKOFF_MS: Final = 300_000


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

    def may_show(self, message: InboxMessage) -> bool:
        """Whether this message may make the session act; else the guard pauses."""


@dataclass(slots=True)
class _Handed:
    """A lease under way; ``turn`` is the one in which it was certainly shown.

    ``is_written``: the session's socket took it. ``is_stranded``: who was to write it is gone.
    ``hops`` is what answers to it carry.
    """

    lease_id: str
    frame_id: str
    ids: frozenset[str]
    asks: tuple[str, ...]
    hop: Hop
    at_ms: int
    hops: int
    turn: int | None = None
    is_written: bool = False
    is_stranded: bool = False


@dataclass(slots=True)
class Pusher:
    """The messages on their way into one session; ``session`` holds their leases."""

    session: str
    mailbox: Mailbox
    tracker: Tracker
    ways: Ways
    clock: Clock
    server: str = "mesh"
    _results: dict[str, int] = field(default_factory=dict)
    """Leases that stand in complete results of tools, and when these were written."""
    _handed: list[_Handed] = field(default_factory=list)
    _read: tuple[int, int] = (0, 0)
    """A turn, and what its messages carry on because of what a tool's result showed in it."""
    _texts: list[str] = field(default_factory=list)
    _reminded: set[str] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _failures: int = 0
    _not_before_ms: int = 0
    _owed: list[str] = field(default_factory=list)
    """Leases to be given back as soon as that can be done."""
    _owes_all: bool = False
    _has_news: bool = True
    """Messages came since a session without hooks was told of any."""
    _again_ms: int = 0
    _announce_again_ms: int = 0

    @property
    def next_hops(self) -> int:
        """What our messages carry on: one more than the most of what was shown in this turn.

        What was handed over counts before it is proven: the model may be quicker than the proof.
        """
        now, (turn, read) = self.tracker.turn, self._read
        shown = [each.hops for each in self._handed if each.turn is None or each.turn >= now]
        return max([read if turn == now else 0, *shown])

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
        await self._pay()
        await self._take_back_overdue()
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
        is_unseen = any(handed.turn is None for handed in self._handed)
        is_time = self.clock.now_ms() >= self._not_before_ms
        may = is_time and self.ways.may_push() and self.ways.may_wake()
        return waits and is_free and not is_unseen and may

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
        handed, messages = await self._lease(hop, frame_id, self._request(_CHANNELS[hop]))
        texts = [framed(messages, now_ms=self.clock.now_ms(), server=self.server)]
        if not messages:
            texts = []
        reminders, self._texts = self._texts, []
        if not texts and not reminders:
            return
        push = Push(frame_id, "\n\n".join([*texts, *reminders]), sender_of(messages))
        if not await self._is_taken(hop, push):
            self._texts = reminders + self._texts
            if handed is not None:
                await self._give_back([handed])

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
        now_ms = self.clock.now_ms()
        self._not_before_ms, self._announce_again_ms = (
            now_ms + _ANNOUNCED_MS,
            now_ms + self._again_ms,
        )

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
        handed, messages = await self._lease("none", new_id(), request)
        if handed is None:
            return ""
        text = framed(
            messages, now_ms=self.clock.now_ms(), server=self.server, max_text_bytes=_HOOK_BYTES
        )
        if not fits_context(text):
            # Shown in part it would count as read: the next push carries it whole.
            await self._give_back([handed])
            return ""
        handed.turn = self.tracker.turn
        self.saw(messages)
        return text

    def _request(self, channel: Channel) -> LeaseRequest:
        return LeaseRequest(
            session=self.session,
            channel=channel,
            turn=self.tracker.turn,
            max_bytes=TOTAL_BYTES,
            cut_bytes=MESSAGE_BYTES,
        )

    async def _lease(
        self, hop: Hop, frame_id: str, request: LeaseRequest
    ) -> tuple[_Handed | None, tuple[InboxMessage, ...]]:
        lease_id = new_id()
        try:
            batch = await self.mailbox.lease(replace(request, lease_id=lease_id))
        except asyncio.CancelledError:
            # A hook that was given up: the lease is on disk all the same.
            self._owed.append(lease_id)
            self.poke()
            raise
        if not batch.messages:
            return None, ()
        handed = _Handed(
            lease_id=batch.lease_id,
            frame_id=frame_id,
            ids=frozenset(message.id for message in batch.messages),
            asks=tuple(message.id for message in batch.messages if message.kind == "ask"),
            hop=hop,
            at_ms=self.clock.now_ms(),
            hops=max(message.hops for message in batch.messages) + 1,
        )
        if not all(self.ways.may_show(message) for message in batch.messages):
            await self.mailbox.give_back(lease_ids=[batch.lease_id])
            return None, ()
        self._handed.append(handed)
        return handed, batch.messages

    def is_under_way(self, message_id: str) -> bool:
        """Whether a message was handed over that nothing has proven to be shown yet."""
        return any(each.turn is None and message_id in each.ids for each in self._handed)

    # -- proof

    async def shown(self, ids: tuple[str, ...]) -> None:
        """An event of the session named these messages."""
        for handed in self._handed:
            if handed.turn is None and handed.ids.intersection(ids):
                handed.turn = self.tracker.turn
        self.poke()

    def saw(self, messages: tuple[InboxMessage, ...]) -> None:
        """Note what the model was shown by a tool's result in the turn that runs."""
        now, (turn, read) = self.tracker.turn, self._read
        before = read if turn == now else 0
        self._read = now, max([before, *(message.hops + 1 for message in messages)])

    async def woken(self) -> None:
        """The session took in what its waiter brought."""
        ids = [each.ids for each in self._handed if each.hop == "waiter" and each.turn is None]
        await self.shown(tuple(sorted(frozenset[str]().union(*ids))))

    async def turn_ended(
        self, *, is_well: bool, turn: int, ended_at_ms: int, retry_at_ms: int = 0
    ) -> None:
        """A turn is over: what was shown in it is done, or comes again.

        What tools' results carried is done too: they were all read.
        """
        over = [handed for handed in self._handed if handed.turn is not None]
        over = [handed for handed in over if (handed.turn or 0) <= turn]
        if is_well:
            self._failures = 0
            await self.mailbox.acknowledge([handed.lease_id for handed in over])
            self._handed = [handed for handed in self._handed if handed not in over]
            asks = {ask for handed in over for ask in handed.asks}
            asks.update(await self._read_results(ended_at_ms))
            await self._remind(asks)
        else:
            await self._give_back(over)
            self._wait_until(retry_at_ms)
        self.poke()

    async def _read_results(self, ended_at_ms: int) -> tuple[str, ...]:
        """What tools' results carried is done; the ids of the asks among it."""
        if not self.tracker.hears_hooks:
            return ()  # nothing tells whether that turn ended well
        read = [lease for lease, at_ms in self._results.items() if at_ms < ended_at_ms]
        asks = await self.mailbox.acknowledge_asks(read) if read else ()
        for lease in read:
            self._results.pop(lease, None)
        return asks

    def was_written(self, lease_ids: Sequence[str]) -> None:
        """The session's tools handed these leases over completely."""
        self._results.update(dict.fromkeys(lease_ids, self.clock.now_ms()))
        while len(self._results) > _MAX_RESULTS:
            del self._results[next(iter(self._results))]

    def _wait_until(self, retry_at_ms: int) -> None:
        """After a failure wait longer each time: what failed is tried again, not hammered."""
        self._failures += 1
        backoff = min(_BACKOFF_MS * 2 ** (self._failures - 1), _LONGEST_BACKOFF_MS)
        self._not_before_ms = max(retry_at_ms, self.clock.now_ms() + backoff)

    def go_on(self) -> None:
        """Whatever was waited for is over."""
        self._failures, self._not_before_ms = 0, 0
        self.poke()

    def interrupted(self) -> None:
        """The person interrupted: that is no failure, but leave them a moment of calm."""
        self._failures = 0
        self._not_before_ms = self.clock.now_ms() + _AFTER_INTERRUPTION_MS

    @property
    def goes_on_at_ms(self) -> int:
        """When the next push is due at the earliest."""
        return self._not_before_ms

    def say(self, text: str) -> None:
        """Let the session read ``text`` of ours with the next push."""
        self._texts.append(text)
        self.poke()

    async def _remind(self, asks: set[str]) -> None:
        """Of an ask that a turn ended without answering the model is told once more."""
        left = asks - self._reminded
        if not left:
            return
        for message in await self.mailbox.unanswered_asks():
            if message.id in left:
                self._reminded.add(message.id)
                self.say(_reminder(message, self.server))

    async def failed(self, frame_id: str) -> None:
        """A push was dropped or refused on its way: let a moment go by before the next."""
        self._not_before_ms = self.clock.now_ms() + _AFTER_DROP_MS
        await self._give_back([each for each in self._handed if each.frame_id == frame_id])

    def written(self, frame_id: str) -> None:
        """A push was written to the session's own socket."""
        for handed in self._handed:
            handed.is_written |= handed.frame_id == frame_id

    def native_left(self) -> None:
        """Who writes to the session's own socket is gone, maybe before it wrote."""
        for handed in self._handed:
            handed.is_stranded |= handed.hop == "native" and not handed.is_written
        self.poke()

    async def gone(self) -> None:
        """The process is dead: all that it holds comes again."""
        self._handed = []
        self._results.clear()
        self._not_before_ms = 0
        self._owes_all = True
        try:
            await self._pay()
        except MailboxError as error:
            log.warning("what the dead session held is given back later: %s", error)

    async def _pay(self) -> None:
        """Give back what could not be given back at once."""
        if self._owed:
            owed, self._owed = self._owed, []
            try:
                await self.mailbox.give_back(lease_ids=owed)
            except MailboxError:
                self._owed += owed
                raise
        if self._owes_all:
            await self.mailbox.give_back(session=self.session)
            self._owes_all = False

    async def _give_back(self, handed: list[_Handed]) -> None:
        if handed:
            await self.mailbox.give_back(lease_ids=[each.lease_id for each in handed])
        self._handed = [each for each in self._handed if each not in handed]

    async def _take_back_overdue(self) -> None:
        if self.tracker.is_in_turn or self.tracker.state not in ("idle", "deaf"):
            return
        now_ms = self.clock.now_ms()
        silent_ms = self.tracker.silent_ms
        await self._give_back(
            [each for each in self._handed if _is_overdue(each, now_ms, silent_ms)]
        )


def _is_overdue(handed: _Handed, now_ms: int, silent_ms: int) -> bool:
    """Whether an idle session would have shown it by now, or told of the end of that turn.

    ``silent_ms`` is how long the session has told nothing at all.
    """
    age_ms = now_ms - handed.at_ms
    if handed.turn is not None:
        return min(age_ms, silent_ms) > _FORGOTTEN_MS
    return handed.is_stranded or age_ms > _OVERDUE_MS.get(handed.hop, 0)


def _reminder(message: InboxMessage, server: str) -> str:
    return own_words(
        f"Reminder: agent {message.sender!r} still waits for your answer to its ask "
        f"{message.id!r}. "
        f"Answer it with mcp__{server}__reply(to={message.sender!r}, messageId={message.id!r}, "
        "message=...), if only to say that you cannot. You will not be reminded again."
    )

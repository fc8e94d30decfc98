"""Keys, clicks and pastes one after the other: each finds what those before it did.

Textual gives a key to whoever has the focus at that moment. What that widget does not want comes
back through the queues of all its parents, and only then its binding is looked up; the focus
moves, or a dialog opens, later yet. Of keys that come in one go (typed ahead, in one packet of a
slow line, while the console was busy) the next ones are given away long before that, and do
something else than what they were typed for. So the next key waits for the last one.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Coroutine, Iterator
from typing import Final, Literal

from textual import events, on
from textual.app import App
from textual.command import CommandPalette
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from meshbot_tui.widgets.terminal import TerminalView

MAX_WAITING: Final = 10_000
"""So much is kept that was typed ahead."""
_ROUNDS: Final = 2
"""The first sees the key where it is looked up, the second what its binding said to others."""
_PAUSE_S: Final = 0.01
_LOOK_S: Final = 0.25
_LOOKS: Final = 12
"""After so many looks what waits is dropped: it would meet something that nobody meant."""

_MOVES: Final = frozenset(
    ("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "j", "k")
)

Kind = Literal["program", "pointing", "text", "moves", "else"]
"""What a key is: for a program's screen, text for a line of input, a move in a list."""


class Followed(Message):
    """Goes the way of a key, right behind it: where it arrives, the key has been."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class InOrder(App[None]):
    """An app in which no key overtakes another; those for a program's screen lose no time."""

    def __init__(self) -> None:
        super().__init__()
        self._typed_ahead: deque[events.Event] = deque()
        self._opening: set[object] = set()
        self._is_following = True
        """Until the first screen stands."""
        self._is_dropping = False
        self._underway: Kind | None = None
        self._number = 0
        self._round = 0
        self._looks = 0
        self._place: tuple[object, object] = (None, None)
        self._target: Widget | None = None
        self._next_look: asyncio.TimerHandle | None = None

    # -- in

    def on_ready(self) -> None:
        """What was typed before there was anything to see goes where the focus is at first."""
        self._follow()

    async def on_event(self, event: events.Event) -> None:
        """What a person does comes here twice: from the driver, and when nobody wanted it."""
        is_fresh = isinstance(event, events.InputEvent | events.Paste) and not event.is_forwarded
        if not is_fresh:
            await super().on_event(event)
        elif not self.must_wait:
            await self._take(event)
        elif len(self._typed_ahead) < MAX_WAITING:
            self._typed_ahead.append(event)
            if not self._is_following:
                self._follow()
        elif not self._is_dropping:
            self._is_dropping = True
            self.dropped()

    def dropped(self) -> None:
        """What was typed is lost, more of it perhaps: say so."""
        self.bell()

    @property
    def must_wait(self) -> bool:
        """Whether what is typed now would have to wait."""
        return self._is_following or bool(self._opening)

    async def _take(self, event: events.Event) -> None:
        kind = self._kind_of(event)
        if kind in ("program", "pointing"):
            await super().on_event(event)
        elif self._underway not in (None, kind):
            self._typed_ahead.appendleft(event)
            self._follow()
        elif kind in ("text", "moves"):
            # One after the other it goes the same way, and nothing of it leads elsewhere.
            self._underway = kind
            await super().on_event(event)
        else:
            await super().on_event(event)
            self._follow()

    def _kind_of(self, event: events.Event) -> Kind:
        focused = self.focused
        if isinstance(event, events.Key):
            if isinstance(focused, TerminalView) and focused.is_for_program(event.key):
                return "program"
            if isinstance(focused, Input) and focused.check_consume_key(event.key, event.character):
                return "text"
            return "moves" if event.key in _MOVES else "else"
        is_click = isinstance(event, events.MouseDown | events.MouseUp | events.Paste)
        return "else" if is_click else "pointing"

    # -- what opens something

    @contextlib.contextmanager
    def keys_wait(self) -> Iterator[None]:
        """What is typed meanwhile waits for the end of the block, or for what opens in it."""
        token = object()
        self._opening.add(token)
        try:
            yield
        finally:
            self._opening.discard(token)

    def opens(self, deed: Coroutine[object, object, None], *, group: str) -> None:
        """Run a deed of which a dialog may come: what is typed meanwhile is meant for that."""
        waiting = contextlib.ExitStack()
        waiting.enter_context(self.keys_wait())

        async def done() -> None:
            with waiting:
                await deed

        self.run_worker(done(), group=group, exit_on_error=False)

    def has_opened(self) -> None:
        """The dialog is there: it gets the keys."""
        self._opening.clear()

    # -- following

    def _follow(self) -> None:
        """Let nothing in until what came last, and all that it led to, is done."""
        self._is_following = True
        self._underway = None
        self._round = self._looks = 0
        self._look_later()
        self._go_round()

    def _go_round(self) -> None:
        if not self._is_following or not self.is_running:
            return
        self._number += 1
        self._target = self.focused or self.screen
        self._place = (self.screen, self.focused)
        if not self._target.post_message(Followed(self._number)):
            self.call_later(self._came_round, self._number)

    @on(Followed)
    def _followed(self, message: Followed) -> None:
        # Whoever wanted the focus asked for it in our own queue: behind this, before the next.
        self.call_later(self._came_round, message.number)

    async def _came_round(self, number: int) -> None:
        if number != self._number or not self._is_following:
            return
        self._round += 1
        if self._opening or self._is_searching:
            asyncio.get_running_loop().call_later(_PAUSE_S, self._go_round)
        elif self._round < _ROUNDS or self._place != (self.screen, self.focused):
            self._go_round()
        else:
            await self._go_on()

    @property
    def _is_searching(self) -> bool:
        """Whether the palette still looks for what was typed: return would take another one."""
        screen = self.screen
        return isinstance(screen, CommandPalette) and any(
            worker.node is screen and not worker.is_finished for worker in self.workers
        )

    async def _go_on(self) -> None:
        self._is_following = self._is_dropping = False
        if self._next_look is not None:
            self._next_look.cancel()
        while self._typed_ahead and not self.must_wait:
            await self._take(self._typed_ahead.popleft())

    def _look_later(self) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        self._next_look = asyncio.get_running_loop().call_later(_LOOK_S, self._look)

    def _look(self) -> None:
        """A widget that went took with it what followed; and nobody waits for ever."""
        if not self._is_following or not self.is_running:
            return
        self._looks += 1
        if self._looks >= _LOOKS:
            self._give_up()
            return
        self._look_later()
        target = self._target
        if target is None or not (target.is_attached and target.is_running):
            self._go_round()

    def _give_up(self) -> None:
        if self._typed_ahead:
            self.dropped()
        self._typed_ahead.clear()
        self._opening.clear()
        self._is_following = False

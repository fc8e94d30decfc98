"""Everybody who watches one screen; who does not keep up gets a repaint instead of the bytes."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.terminal.frames import Ended, Frame, Output, Repaint
from meshbot_core.terminal.screen import Fed, Screen, bounded

_MAX_WAITING_BYTES: Final = 1024 * 1024
_SETTLING_S: Final = 0.15
"""For so long a size stays: time enough for a program to draw itself in it."""


@dataclass(slots=True, eq=False)
class Viewer:
    """One who watches; ``next`` gives the frames in order.

    An onlooker is no terminal: it answers nothing that the program asks, and does not set the
    size by being there.
    """

    columns: int
    rows: int
    is_onlooker: bool = False
    _frames: deque[Output | Ended] = field(default_factory=deque)
    _waiting_bytes: int = 0
    _owes_repaint: bool = True
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, frame: Output | Ended) -> None:
        """Hand a frame over; bytes that do not fit are forgotten, and a repaint is owed."""
        if isinstance(frame, Ended):
            self._frames.append(frame)
        elif self._owes_repaint:
            return  # the repaint will show it
        elif self._waiting_bytes + len(frame.data) > _MAX_WAITING_BYTES:
            self.refresh()
        else:
            self._frames.append(frame)
            self._waiting_bytes += len(frame.data)
        self._news.set()

    def refresh(self) -> None:
        """Show the whole screen anew, in place of all that waits; as it is by then."""
        self._frames = deque(frame for frame in self._frames if isinstance(frame, Ended))
        self._waiting_bytes = 0
        self._owes_repaint = True
        self._news.set()

    async def next(self, repaint: Callable[[], Repaint]) -> Frame:
        """The next frame; ``repaint`` makes one of the screen as it is."""
        while True:
            if self._owes_repaint:
                self._owes_repaint = False
                return repaint()
            if self._frames:
                frame = self._frames.popleft()
                if isinstance(frame, Output):
                    self._waiting_bytes -= len(frame.data)
                return frame
            self._news.clear()
            await self._news.wait()


class Viewers:
    """A screen, and those who watch it.

    ``write`` gives the program what somebody typed, ``resized`` tells it its size. Who typed or
    resized last sets the size; others see that screen as it is.
    """

    def __init__(
        self,
        columns: int,
        rows: int,
        *,
        write: Callable[[bytes], None],
        resized: Callable[[int, int], None],
        titled: Callable[[str], None],
    ) -> None:
        self.screen = Screen(columns, rows)
        self._write = write
        self._resized = resized
        self._titled = titled
        self._viewers: list[Viewer] = []
        self._typist: Viewer | None = None
        self._ended: Ended | None = None
        self._wanted = (self.screen.columns, self.screen.rows)
        self._settling: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._viewers)

    @property
    def _terminals(self) -> list[Viewer]:
        return [viewer for viewer in self._viewers if not viewer.is_onlooker]

    def feed(self, data: bytes) -> None:
        """The program wrote ``data``."""
        fed = self.screen.feed(data)
        if fed.answers and not self._terminals:
            self._write(fed.answers)
        self._tell(fed)
        for viewer in self._viewers:
            viewer.put(Output(data))

    def _tell(self, fed: Fed) -> None:
        if fed.has_title_changed:
            self._titled(self.screen.title)
        if fed.is_lost:
            self._shake()

    def _shake(self) -> None:
        """Make the program repaint: there and back with its size."""
        columns, rows = self.screen.columns, self.screen.rows
        self._resized(columns, max(1, rows - 1))
        self._resized(columns, rows)

    def end(self, status: int | None, reason: str = "") -> None:
        """Tell everybody that the program has ended for good, those who come later too."""
        if self._settling is not None:
            self._settling.cancel()
        self._ended = Ended(status, reason)
        for viewer in self._viewers:
            viewer.put(self._ended)

    @contextmanager
    def watching(self, columns: int, rows: int, *, is_onlooker: bool = False) -> Iterator[Viewer]:
        """A viewer for as long as the block runs; a repaint is its first frame."""
        viewer = Viewer(columns, rows, is_onlooker)
        self._viewers.append(viewer)
        if self._terminals == [viewer] and self._typist is None:
            self._size(viewer)
        if self._ended is not None:
            viewer.put(self._ended)
        try:
            yield viewer
        finally:
            self._viewers.remove(viewer)
            if self._typist is viewer:
                self._typist = None
                if self._terminals:
                    self._size(self._terminals[-1])

    def repaint(self) -> Repaint:
        """The screen as it is."""
        return Repaint(self.screen.columns, self.screen.rows, self.screen.repaint())

    def typed(self, viewer: Viewer, data: bytes) -> None:
        """``viewer`` typed: the program gets it, and the viewer's size rules."""
        if viewer is not self._typist and self._settling is not None:
            # What is typed is meant for the screen as its viewer has it.
            self._settling.cancel()
            self._settling = None
        self._size(viewer)
        self._write(data)

    def resize(self, viewer: Viewer, columns: int, rows: int) -> None:
        """``viewer``'s terminal has another size now."""
        viewer.columns, viewer.rows = columns, rows
        if self._typist in (viewer, None):
            self._size(viewer)

    def _size(self, viewer: Viewer) -> None:
        self._typist = viewer
        self._wanted = bounded(viewer.columns, viewer.rows)
        if self._settling is None:
            self._fit()

    def _fit(self) -> None:
        """Have the size that is wanted, and keep it for a moment.

        A program that is told of two sizes in a row may see the second one alone: were that
        the size it had, it would not draw again what the first one cost our screen.
        """
        self._settling = None
        if self._wanted == (self.screen.columns, self.screen.rows):
            return
        self.screen.resize(*self._wanted)
        self._resized(*self._wanted)
        for each in self._viewers:
            each.refresh()
        self._settling = asyncio.get_running_loop().call_later(_SETTLING_S, self._fit)

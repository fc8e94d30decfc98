"""The terminal itself: where the console draws, and how it reads what comes from there."""

import codecs
import contextlib
import re
import sys
from collections.abc import Callable, Generator
from functools import partial
from typing import Final, TypeVar

from textual import events
from textual._parser import ParseEOF, ParseTimeout, Peek1, Read1, TokenCallback
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.app import App
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

_ESC: Final = "\x1b"
_MOUSE: Final = re.compile(r"\x1b\[<[\d;-]{0,20}")
"""A report of the mouse up to its last letter; no key and no person sends that."""
_SEQUENCE: Final = re.compile(r"\x1b\[[\d;:?]*")
_SEQUENCE_S: Final = 1.0
"""So long the rest of a sequence is waited for: nobody holds alt and types a bracket."""

Result = TypeVar("Result")
Reading = Generator[Read1 | Peek1, str, Result]


class PatientParser(XTermParser):
    """Takes nothing for keys that no key sent.

    To Textual what is not complete within a tenth of a second is keys: over a slow line the mouse
    would type ``[<35;1`` into a program. And so is what follows an escape within a paste: it
    would be typed, with its returns, before anybody is asked.
    """

    _is_dropping = False

    def parse(self, token_callback: TokenCallback[Message]) -> Reading[None]:
        """Textual's own parsing, with more time for what began as a report."""

        def passed(token: Message) -> None:
            if not self._is_dropping:
                token_callback(token)

        inner = super().parse(passed)
        awaited, begun = next(inner), ""
        with contextlib.suppress(ParseEOF):
            while True:
                try:
                    character = yield _patient(awaited, begun)
                except ParseTimeout as late:
                    awaited, begun = inner.throw(late), ""
                    continue
                if begun + character == BRACKETED_PASTE_START:
                    awaited, begun = self._dropped(inner), ""
                    token_callback(events.Paste((yield from _pasted())))
                    continue
                if _MOUSE.fullmatch(begun) and not _is_next(begun, character):
                    awaited, begun = self._dropped(inner), ""
                begun = begun + character if begun or character == _ESC else ""
                awaited = inner.send(character)
                begun = "" if awaited.timeout is None else begun

    def _dropped(self, inner: Reading[None]) -> Read1 | Peek1:
        """What was begun is nothing, least of all keys."""
        self._is_dropping = True
        try:
            return inner.throw(ParseTimeout())
        finally:
            self._is_dropping = False


def _pasted() -> Reading[str]:
    """All up to the mark of its end."""
    text: list[str] = []
    length = len(BRACKETED_PASTE_END)
    while True:
        text.append((yield Read1()))
        if text[-1] == "~" and "".join(text[-length:]) == BRACKETED_PASTE_END:
            return "".join(text[:-length]).replace("\x00", "")


def _patient(awaited: Read1 | Peek1, begun: str) -> Read1 | Peek1:
    if _MOUSE.fullmatch(begun):
        return Read1()
    return Read1(_SEQUENCE_S) if _SEQUENCE.fullmatch(begun) else awaited


def _is_next(begun: str, character: str) -> bool:
    return character in ("M", "m") or _MOUSE.fullmatch(begun + character) is not None


def _lenient(encoding: str) -> Callable[[], codecs.IncrementalDecoder]:
    """One byte that is no text would end the console."""
    return partial(codecs.getincrementaldecoder(encoding), errors="replace")


class TerminalDriver(LinuxDriver):
    """Draws where a terminal is: standard error may be a file, the console must not go there."""

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        if sys.__stderr__ is None or not sys.__stderr__.isatty():
            self._file = sys.__stdout__

    def run_input_thread(self) -> None:
        """Read with patience, and whatever comes. There is no public way to say either."""
        vars(linux_driver).update(XTermParser=PatientParser, getincrementaldecoder=_lenient)
        super().run_input_thread()

"""What a terminal keeps beside its cells: modes, title, and questions that it answers.

avt tells none of it, so a small scanner looks for these sequences in the same bytes.
"""

import re
from dataclasses import dataclass, field
from typing import Final

_KEPT: Final = frozenset({1, 25, 1000, 1002, 1003, 1004, 1005, 1006, 1049, 2004, 2026, 2031})
_ON_AT_FIRST: Final = frozenset({25})
# Each alternative begins with a byte that is not in a group: so plain text is skipped at once.
_SEQUENCE: Final = re.compile(
    rb"\x1b(?:"
    rb"\[\?(?P<modes>[0-9;]*)(?P<set>[hl])"
    rb"|\](?P<osc>[0-9]+);(?P<text>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    rb"|\[(?P<mark>[>?=]?)(?P<numbers>[0-9;]*)(?P<ask>[cnq]|\$p)"
    rb"|(?P<reset>c)"
    rb")|\x07"
)
_MAX_HELD_BYTES: Final = 4096
_TITLES: Final = frozenset({0, 2})
_MAX_TITLE_CHARS: Final = 256
_DA1: Final = b"\x1b[?62;22c"
_DA2: Final = b"\x1b[>0;276;0c"
_VERSION: Final = b"\x1bP>|meshbot\x1b\\"
_COLORS: Final = {10: b"rgb:d0d0/d0d0/d0d0", 11: b"rgb:0000/0000/0000"}


@dataclass(slots=True)
class Modes:
    """The modes that are on, the title, and what was asked."""

    on: set[int] = field(default_factory=lambda: set(_ON_AT_FIRST))
    title: str = ""
    bells: int = 0
    _held: bytes = b""

    def feed(self, data: bytes, cursor: tuple[int, int]) -> bytes:
        """Note what is in ``data``; the answers to what it asks.

        ``cursor`` is column and row, from 0. A sequence that is cut in two is held back.
        """
        data = self._held + data
        answers = bytearray()
        end = 0
        for found in _SEQUENCE.finditer(data):
            end = found.end()
            answers += self._noted(found, cursor)
        rest = data[end:]
        cut = rest.rfind(b"\x1b")
        is_open = cut >= 0 and len(rest) - cut < _MAX_HELD_BYTES
        self._held = rest[cut:] if is_open else b""
        return bytes(answers)

    def _noted(self, found: "re.Match[bytes]", cursor: tuple[int, int]) -> bytes:
        answer = b""
        if found["set"]:
            self._set(found["modes"], is_on=found["set"] == b"h")
        elif found["osc"]:
            answer = self._osc(int(found["osc"][:6]), found["text"])
        elif found["ask"]:
            answer = self._asked(found["mark"], found["numbers"], found["ask"], cursor)
        elif found["reset"]:
            self.on = set(_ON_AT_FIRST)
        else:
            self.bells += 1
        return answer

    def _set(self, numbers: bytes, *, is_on: bool) -> None:
        for number in numbers.split(b";"):
            mode = int(number[:6] or b"0")
            if mode in _KEPT and is_on:
                self.on.add(mode)
            elif mode in _KEPT:
                self.on.discard(mode)

    def _osc(self, number: int, text: bytes) -> bytes:
        if number in _TITLES:
            title = text.decode(errors="replace")
            self.title = "".join(c for c in title if c.isprintable())[:_MAX_TITLE_CHARS]
        elif number in _COLORS and text == b"?":
            return b"\x1b]%d;%b\x1b\\" % (number, _COLORS[number])
        return b""

    def _asked(self, mark: bytes, numbers: bytes, ask: bytes, cursor: tuple[int, int]) -> bytes:
        answer = b""
        match (mark, ask, numbers):
            case (b"", b"c", _):
                answer = _DA1
            case (b">", b"c", _):
                answer = _DA2
            case (b">", b"q", _):
                answer = _VERSION
            case (b"", b"n", b"5"):
                answer = b"\x1b[0n"
            case (b"" | b"?", b"n", b"6"):
                answer = b"\x1b[%b%d;%dR" % (mark, cursor[1] + 1, cursor[0] + 1)
            case (b"?", b"$p", _):
                answer = self._mode_state(int(numbers.partition(b";")[0][:6] or b"0"))
        return answer

    def _mode_state(self, mode: int) -> bytes:
        state = 0 if mode not in _KEPT else 1 if mode in self.on else 2
        return b"\x1b[?%d;%d$y" % (mode, state)

    def repaint(self) -> tuple[bytes, bytes]:
        """What brings a fresh terminal to these modes: before its cells, and after them."""
        before = b"\x1b[?1049h" if 1049 in self.on else b"\x1b[?1049l"  # noqa: PLR2004 - xterm's own
        title = b"\x1b]2;%b\x07" % self.title.encode() if self.title else b""
        after = bytearray()
        for mode in sorted(_KEPT - {1049, 2026}):
            after += b"\x1b[?%d%b" % (mode, b"h" if mode in self.on else b"l")
        return before + title, bytes(after)

"""The key that leaves an attached session to itself; finds it among what is typed; no I/O."""

import re
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.errors import InvalidArgumentError

DEFAULT_KEY: Final = "ctrl+]"

_SPELLED: Final = re.compile(r"(?:ctrl[+-]|\^)([a-z@\[\\\]^_])", re.IGNORECASE)
_PASTE_BEGINS: Final = b"\x1b[200~"
_PASTE_ENDS: Final = b"\x1b[201~"
_LOCKS: Final = 64 | 128
_CTRL: Final = 4


@dataclass(frozen=True, slots=True)
class Typed:
    """What goes to the session, and whether the key came after it."""

    data: bytes
    is_detached: bool = False


@dataclass(slots=True)
class DetachKey:
    """One key with ctrl, as terminals send it: a control byte, or spelled out.

    Programs may have switched the terminal to the keyboard protocol of kitty or to xterm's
    modifyOtherKeys. What is pasted is never taken for a key.
    """

    name: str
    _keys: re.Pattern[bytes]
    _is_pasting: bool = field(default=False)

    @classmethod
    def named(cls, name: str) -> "DetachKey":
        """The key that ``ctrl+x``, ``ctrl-x`` or ``^x`` means.

        Raises:
            InvalidArgumentError: It names no such key.
        """
        found = _SPELLED.fullmatch(name.strip())
        if found is None:
            raise InvalidArgumentError(
                f"{name!r} is no key to detach with", hint="name one with ctrl, such as ctrl+]"
            )
        character = found.group(1).lower()
        control = re.escape(bytes([ord(character.upper()) & 0x1F]))
        code = ord(character)
        kitty = rb"\x1b\[%d(?::\d*)*;(\d+)(?::[12])?(?:;[\d:]*)?u" % code
        xterm = rb"\x1b\[27;(\d+);%d~" % code
        keys = re.compile(b"|".join((control, kitty, xterm, _PASTE_BEGINS.replace(b"[", rb"\["))))
        return cls(f"ctrl+{character}", keys)

    def split(self, data: bytes) -> Typed:
        """Cut what was read at the key; the key and what follows it are dropped."""
        at = 0
        while True:
            if self._is_pasting:
                at = self._end_of_paste(data, at)
            found = None if self._is_pasting else self._keys.search(data, at)
            if found is None:
                return Typed(data)
            at = found.end()
            if found.group() == _PASTE_BEGINS:
                self._is_pasting = True
            elif _is_with_ctrl(found):
                return Typed(data[: found.start()], is_detached=True)

    def _end_of_paste(self, data: bytes, at: int) -> int:
        end = data.find(_PASTE_ENDS, at)
        if end >= 0:
            self._is_pasting = False
        return end + len(_PASTE_ENDS)


def _is_with_ctrl(found: re.Match[bytes]) -> bool:
    """Whether ctrl alone was held, whatever locks are on; a control byte says it by itself."""
    modifiers = next((group for group in found.groups() if group), None)
    return modifiers is None or (int(modifiers) - 1) & ~_LOCKS == _CTRL

"""What a key sends to a program: xterm's bytes, and Claude Code's for what xterm has none."""

from collections.abc import MutableMapping
from typing import Final, cast

from textual import _ansi_sequences
from textual.keys import Keys, key_to_character

LEAVE: Final = "ctrl+right_square_bracket"
COPY_MODE: Final = frozenset({"ctrl+shift+space"})

_SHIFT, _ALT, _CTRL = 1, 2, 4
_MODIFIERS: Final = {
    "shift": _SHIFT,
    "alt": _ALT,
    "ctrl": _CTRL,
    "super": 8,
    "hyper": 16,
    "meta": 32,
}
_CURSOR: Final = {"up": "A", "down": "B", "right": "C", "left": "D", "home": "H", "end": "F"}
_EDITING: Final = {"insert": 2, "delete": 3, "pageup": 5, "pagedown": 6}
_FIRST_FUNCTIONS: Final = {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}
_FUNCTIONS: Final = {
    f"f{number}": code for number, code in enumerate((15, 17, 18, 19, 20, 21, 23, 24), start=5)
}
_SHIFTED_FUNCTIONS: Final = {f"f{number + 12}": f"f{number}" for number in range(1, 13)}
"""Terminals without a newer protocol say F13 for shift and F1."""
_PLAIN: Final = {
    "enter": "\r",
    "tab": "\t",
    "escape": "\x1b",
    "backspace": "\x7f",
    "space": " ",
}
_MODIFIED: Final = {
    (_SHIFT, "enter"): "\x1b\r",
    (_CTRL, "enter"): "\x1b\r",
    (_SHIFT, "tab"): "\x1b[Z",
    (_CTRL, "backspace"): "\x08",
    (_CTRL | _ALT, "backspace"): "\x1b\x08",
    (_SHIFT, "space"): " ",
}
"""A newline that does not send: Claude Code reads escape and return as one."""
_CONTROLS: Final = {
    "@": 0,
    "at": 0,
    "space": 0,
    "2": 0,
    "left_square_bracket": 27,
    "left_square_brace": 27,
    "3": 27,
    "backslash": 28,
    "4": 28,
    "right_square_bracket": 29,
    "5": 29,
    "circumflex_accent": 30,
    "6": 30,
    "underscore": 31,
    "minus": 31,
    "slash": 31,
    "7": 31,
    "question_mark": 127,
    "8": 127,
}


def sent_by(key: str, character: str | None, *, has_application_cursor_keys: bool) -> bytes:
    """The bytes of a key as Textual names it; empty for one that sends nothing.

    Args:
        key: Its name, as ``ctrl+shift+up``.
        character: What it types, if it types something.
        has_application_cursor_keys: Mode 1: bare cursor keys are SS3 sequences.
    """
    *modifiers, name = key.split("+")
    held = sum(_MODIFIERS.get(modifier, 0) for modifier in modifiers)
    if character and character.isprintable() and not held & ~(_SHIFT | _ALT):
        prefix = "\x1b" if held & _ALT else ""
        return (prefix + character).encode()
    if name in _SHIFTED_FUNCTIONS:
        held, name = held | _SHIFT, _SHIFTED_FUNCTIONS[name]
    named = _sequence(name, held, has_application_cursor_keys=has_application_cursor_keys)
    return (named or _typed(name, held)).encode()


def _sequence(name: str, held: int, *, has_application_cursor_keys: bool) -> str:
    """Cursor, editing and function keys, whose sequences say what is held."""
    modified = f";{held + 1}" if held else ""
    sequence = ""
    if name in _CURSOR:
        lead = "\x1b[1" + modified if held else "\x1b["
        lead = "\x1bO" if has_application_cursor_keys and not held else lead
        sequence = lead + _CURSOR[name]
    elif name in _EDITING:
        sequence = f"\x1b[{_EDITING[name]}{modified}~"
    elif name in _FIRST_FUNCTIONS:
        sequence = (f"\x1b[1{modified}" if held else "\x1bO") + _FIRST_FUNCTIONS[name]
    elif name in _FUNCTIONS:
        sequence = f"\x1b[{_FUNCTIONS[name]}{modified}~"
    return sequence


def _typed(name: str, held: int) -> str:
    """Characters with control and alt, and the keys that send one byte."""
    if (held, name) in _MODIFIED:
        return _MODIFIED[held, name]
    prefix = "\x1b" if held & _ALT else ""
    if held & _CTRL:
        control = _control(name)
        return prefix + control if control else ""
    character = _PLAIN.get(name) or key_to_character(name) or ""
    if held & _SHIFT and len(character) == 1:
        character = character.upper()
    return prefix + character if character else ""


def _control(name: str) -> str:
    if len(name) == 1 and name.isascii() and name.isalpha():
        return chr(ord(name.lower()) & 0x1F)
    if name in _CONTROLS:
        return chr(_CONTROLS[name])
    return _PLAIN.get(name, "")


def teach_alt_enter() -> None:
    """Let escape and return in one, which older terminals send for alt or shift and enter, be one.

    Textual takes it for a bare return, which would send a prompt that is still being written.
    Line feed is Claude Code's other key for a new line.
    """
    known = cast("MutableMapping[str, tuple[Keys, ...]]", _ansi_sequences.ANSI_SEQUENCES_KEYS)
    known.setdefault("\x1b\r", (Keys.ControlJ,))

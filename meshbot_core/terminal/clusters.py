"""Characters made of several code points, each kept as one.

avt gives every code point a cell of its own: a combining accent, a joiner, the second half of a
flag. So such a cluster is fed to it as one code point that nobody writes, of the width that the
cluster has, and read back where it is drawn.
"""

import re
import unicodedata
from enum import Enum
from functools import lru_cache
from typing import Final

_NARROW: Final = range(0x10E000, 0x10F000)
"""The end of the private use planes: one cell each."""
_WIDE: Final = range(0x3E000, 0x3F000)
"""Unassigned, and two cells each because they lie among the ideographs."""
_MAX_CLUSTER_CHARS: Final = 16
_JOINER: Final = "\u200d"
_EMOJI_STYLE: Final = "\ufe0f"
_SKINS: Final = range(0x1F3FB, 0x1F400)
_FLAGS: Final = range(0x1F1E6, 0x1F200)
_TAGS: Final = range(0xE0020, 0xE0080)
_JAMO: Final = range(0x1160, 0x1200)
_EXTENDING: Final = frozenset({"Mn", "Me"})
_CONTROL: Final = re.compile(
    r"(\x1b(?:\[[0-?]*[ -/]*[@-~]?|[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|[ -/]*[0-~]?)"
    r"|[\x00-\x1f\x7f-\x9f]+)"
)
_OPEN_END: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\x9c]*|[ -/]*)\Z")
_STRING_END: Final = re.compile("[\x07\x1b\x9c]")

_FIRST_SYMBOL: Final = "\xa9"
_FIRST_PICTURE: Final = "\u2000"
_KEYCAP: Final = "\u20e3"
_SOFT_HYPHEN: Final = "\xad"


class _Kind(Enum):
    """What a code point does to its neighbours; truth says that it does anything."""

    PLAIN = 0
    EXTENDS = 1
    FLAG = 2
    SKIN = 3
    UNSEEN = 4


@lru_cache(maxsize=4096)
def _kind(char: str) -> _Kind:
    point = ord(char)
    category = unicodedata.category(char)
    found = _Kind.PLAIN
    if category in _EXTENDING or point in _TAGS or point in _JAMO or char == _JOINER:
        found = _Kind.EXTENDS
    elif point in _SKINS:
        found = _Kind.SKIN
    elif point in _FLAGS:
        found = _Kind.FLAG
    elif (category == "Cf" and char != _SOFT_HYPHEN) or point in _NARROW or point in _WIDE:
        found = _Kind.UNSEEN
    return found


@lru_cache(maxsize=4096)
def _is_plain(char: str) -> bool:
    return _kind(char) is _Kind.PLAIN


class Clusters:
    """The clusters of one screen."""

    def __init__(self) -> None:
        self._stand_ins: dict[str, str] = {}
        self._clusters: dict[int, str] = {}
        self._used = [0, 0]
        self._tail = ""
        self._is_string_open = False

    def fold(self, text: str, column: int) -> str:
        """``text`` with a stand-in for each cluster; what has no width and no base is dropped.

        ``column`` is where the cursor stands, from 0: a cluster that began in the text before is
        written again, over its beginning.
        """
        if not text:
            return ""
        tail = "" if self._is_string_open else self._tail
        if text.isascii():
            self._note_end(text, text[-1:])
            return text
        text = unicodedata.normalize("NFC", text)
        if all(map(_is_plain, set(text))) and not tail.endswith(_JOINER):
            self._note_end(text, text[-1:])
            return text
        pieces = _CONTROL.split(text)
        folded = [
            piece if at % 2 else self._folded(piece, tail if at == 0 else "", column)
            for at, piece in enumerate(pieces)
        ]
        self._note_end(text, self._tail if pieces[-1] else "")
        return "".join(folded)

    def unfold(self, text: str) -> str:
        """``text`` with its clusters in their places."""
        if text.isascii() or not self._clusters:
            return text
        return text.translate(self._clusters)

    def _note_end(self, text: str, tail: str) -> None:
        """Remember whether the next text may go on with the last character of this one."""
        cut = text.rfind("\x1b")
        if cut >= 0:
            self._is_string_open = _OPEN_END.match(text, cut) is not None
        elif self._is_string_open:
            self._is_string_open = _STRING_END.search(text) is None
        self._tail = tail if tail.isprintable() or len(tail) > 1 else ""

    def _folded(self, text: str, tail: str, column: int) -> str:
        clusters = _clusters(tail + text)
        written = "".join(map(self._stand_in, clusters))
        self._tail = clusters[-1] if clusters else ""
        if not tail:
            return written
        if clusters[0] == tail:
            return written[1:]
        return f"\x1b[{max(column - width(tail), 0) + 1}G{written}"

    def _stand_in(self, cluster: str) -> str:
        if len(cluster) == 1:
            return cluster
        if cluster not in self._stand_ins:
            is_wide = width(cluster) > 1
            room = _WIDE if is_wide else _NARROW
            point = room[self._used[is_wide] % len(room)]
            self._used[is_wide] += 1
            self._stand_ins.pop(self._clusters.get(point, ""), None)
            self._clusters[point] = cluster
            self._stand_ins[cluster] = chr(point)
        return self._stand_ins[cluster]


def width(cluster: str) -> int:
    """The cells that a character takes, of however many code points it is made."""
    base = cluster[0]
    is_wide = unicodedata.east_asian_width(base) in {"W", "F"}
    return 2 if is_wide or _is_emoji(cluster) else 1


def _is_emoji(cluster: str) -> bool:
    """Whether a narrow character became a wide one by what follows it."""
    base = cluster[0]
    if _EMOJI_STYLE in cluster:
        return base >= _FIRST_SYMBOL or _KEYCAP in cluster
    return len(cluster) > 1 and _kind(cluster[-1]) in {_Kind.FLAG, _Kind.SKIN}


def _clusters(text: str) -> list[str]:
    found: list[str] = []
    for char in text:
        if _kind(char) is _Kind.UNSEEN:
            continue
        if found and _goes_on(found[-1], char):
            if len(found[-1]) < _MAX_CLUSTER_CHARS:
                found[-1] = unicodedata.normalize("NFC", found[-1] + char)
        elif _kind(char) is not _Kind.EXTENDS:
            found.append(char)
    return found


def _goes_on(cluster: str, char: str) -> bool:
    match _kind(char):
        case _Kind.EXTENDS:
            goes_on = True
        case _Kind.FLAG:
            goes_on = len(cluster) == 1 and _kind(cluster) is _Kind.FLAG
        case _Kind.SKIN:
            goes_on = cluster[0] >= _FIRST_PICTURE
        case _:
            goes_on = cluster.endswith(_JOINER) and char >= _FIRST_PICTURE
    return goes_on

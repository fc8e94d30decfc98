"""Frames of Claude Code's native messaging socket: one line of JSON each.

Seen on 2.1.248, 250 and 330. Nothing comes back on the connection; what becomes of a frame may
be told to the socket that ``sender`` names, if somebody listens there.
"""

import html
import json
import re
from collections.abc import Mapping
from typing import Final

from pydantic import Field

from meshbot_core.claude.documents import Document, Text, read_document
from meshbot_core.claude.reserved import harmless

SOCKET_VARIABLE: Final = "CLAUDE_CODE_MESSAGING_SOCKET"
"""Names the socket in the environment of a session's hooks and MCP servers."""

MAX_FRAME_BYTES: Final = 1_040_000
"""The largest that was seen to arrive."""

BURST: Final = 30
"""Frames of one sender that are taken at once; more are dropped without a word."""

REFILL_PER_S: Final = 0.5
REPEAT_S: Final = 30.0
"""The same text again within this time is dropped."""

_SCHEME: Final = "uds:"
_MESSAGE: Final = re.compile(
    r"<cross-session-message\b([^>]*)>\n?(.*?)\n?</cross-session-message>", re.DOTALL
)
_OWNER: Final = re.compile(r"(?:^|/)([0-9]{1,10})\.sock$", re.ASCII)
_NAME: Final = re.compile(r'\bfrom-name="([^"]*)"')


def message_frame(text: str, *, uuid: str, sender: str, sender_name: str) -> bytes:
    """A frame that gives ``text`` to the session as another session's message.

    Args:
        text: What the model reads; what would end the element around it is made harmless.
        uuid: Of this frame; it comes back in what is told about it.
        sender: Path of the socket that answers and notices go to.
        sender_name: What the user is shown (``bob@server2``).
    """
    address = f"{_SCHEME}{sender}"
    content = (
        f'<cross-session-message from="{html.escape(address)}" '
        f'from-name="{html.escape(sender_name)}">\n{harmless(text)}\n</cross-session-message>'
    )
    return _line(
        {
            "type": "user",
            "msgV": 1,
            "msg_id": uuid,
            "from": address,
            "message": {"role": "user", "content": content},
        }
    )


def idle_notice_frame(*, uuid: str, sender: str) -> bytes:
    """A frame that asks to be told, once, when the session is idle."""
    return _line(
        {
            "type": "control",
            "action": "notify_when_idle",
            "from": f"{_SCHEME}{sender}",
            "msg_id": uuid,
        }
    )


def owner_of(socket: str) -> int | None:
    """The claude that listens on ``socket``, where its file's name tells (``<pid>.sock``)."""
    found = _OWNER.search(socket)
    return int(found.group(1)) if found else None


def fits(frame: bytes) -> bool:
    """Whether the session takes a frame of this size."""
    return len(frame) <= MAX_FRAME_BYTES


class NativeFrame(Document):
    """What every frame carries that comes to a socket of ours; ``sender`` is a socket's path."""

    kind: str = Field(alias="type")
    action: Text = ""
    address: Text = Field(default="", alias="from")

    @property
    def sender(self) -> str:
        """The path of the sender's socket; empty when it named none."""
        return self.address.removeprefix(_SCHEME) if self.address.startswith(_SCHEME) else ""


class _Content(Document):
    content: Text = ""


class NativeMessage(NativeFrame):
    """Another session wrote to us (its model called SendMessage)."""

    uuid: Text = Field(default="", alias="msg_id")
    message: _Content = _Content()

    @property
    def sender_name(self) -> str:
        """What the sender calls itself."""
        found = _MESSAGE.search(self.message.content)
        name = _NAME.search(found.group(1)) if found else None
        return html.unescape(name.group(1)) if name else ""

    @property
    def text(self) -> str:
        """What it wrote, without the element around it."""
        found = _MESSAGE.search(self.message.content)
        return found.group(2) if found else self.message.content


class FrameState(NativeFrame):
    """What became of a frame of ours: ``held``, ``denied``, ``expired``, ``dropped``, ...

    ``held`` waits for the human; of ``dropped`` the reason is told, and which others went too.
    """

    uuid: Text = Field(default="", alias="orig_msg_id")
    status: Text = ""
    reason: Text = ""
    drop_reason: Text = ""
    dropped: tuple[str, ...] = Field(default=(), alias="dropped_msg_ids")


class IdleNotice(NativeFrame):
    """The session is idle, or ended: the answer to ``idle_notice_frame``."""

    uuid: Text = Field(default="", alias="orig_msg_id")
    state: Text = ""


class UnknownFrame(NativeFrame):
    """A frame that has no class here."""


_FRAMES: Final[Mapping[tuple[str, str], type[NativeFrame]]] = {
    ("user", ""): NativeMessage,
    ("control", "peer_message_status"): FrameState,
    ("control", "peer_idle_notice"): IdleNotice,
}


def parse_frame(line: bytes) -> NativeFrame:
    """The frame in one line that came to a socket of ours.

    Raises:
        ClaudeEventError: It is no JSON object, or lacks what one of its kind has.
        ClaudeEventTooLargeError: It is larger than any that Claude Code sends.
    """
    frame = read_document(UnknownFrame, line, what="native frame", max_bytes=2 * MAX_FRAME_BYTES)
    known = _FRAMES.get((frame.kind, frame.action))
    if known is None:
        return frame
    return read_document(known, line, what="native frame", max_bytes=2 * MAX_FRAME_BYTES)


def _line(said: Mapping[str, object]) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"

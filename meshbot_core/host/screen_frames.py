"""What travels on the WebSocket of a screen.

Binary messages are bytes: of the program to a viewer, typed by a viewer to the program. Text
messages are the models here; a repaint's bytes follow it as the next binary message.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from meshbot_core.session.records import Record


class RepaintFrame(Record):
    """The next binary message is the whole screen, of this size."""

    type: Literal["repaint"] = "repaint"
    columns: int
    rows: int


class EndedFrame(Record):
    """The session has ended; ``status`` is claude's, negative for a signal."""

    type: Literal["ended"] = "ended"
    status: int | None = None
    reason: str = ""


class ResizeFrame(Record):
    """From a viewer: its terminal's size."""

    type: Literal["resize"] = "resize"
    columns: int
    rows: int


ToViewer = RepaintFrame | EndedFrame
TO_VIEWER: Final[TypeAdapter[ToViewer]] = TypeAdapter(
    Annotated[ToViewer, Field(discriminator="type")]
)

"""Long lines in pieces that fit; pure."""

from collections.abc import Iterator

from rich.cells import chop_cells


def folded(text: str, width: int) -> Iterator[str]:
    """``text`` in pieces of at most ``width`` columns, at a space where one is near the end."""
    while text:
        # One piece at a time, of a slice: what is very long is not measured again and again.
        piece = (chop_cells(text[: width * 4 + 4], width) or [text])[0] or text[0]
        if len(piece) < len(text) and (at := piece.rfind(" ") + 1) > len(piece) // 2:
            piece = piece[:at]
        yield piece
        text = text[len(piece) :]

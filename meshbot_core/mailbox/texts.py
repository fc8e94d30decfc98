"""What a text must be to be stored: Unicode, which half a surrogate pair is not."""

from meshbot_core.errors import InvalidArgumentError


def size_of(text: str) -> int:
    """Bytes as UTF-8.

    Raises:
        UnicodeEncodeError: The text holds half a surrogate pair.
    """
    return len(text) if text.isascii() else len(text.encode())


def check_texts(*texts: str | None) -> None:
    """Refuse, before it reaches the writer, what no file can hold.

    Raises:
        InvalidArgumentError: A text holds half a surrogate pair.
    """
    try:
        for text in texts:
            size_of(text or "")
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(
            "the text holds half a surrogate pair, which no JSON text can carry"
        ) from error

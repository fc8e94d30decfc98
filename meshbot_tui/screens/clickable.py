"""Keys that a dialog names on its border, for the mouse too."""

from textual.content import Content


def clickable(*keys: tuple[str, str]) -> str:
    """Markup for a border's title.

    Args:
        keys: A key with what it does, as text, and the action that it stands for.
    """
    return "   ".join(f"[@click={action}]{Content(text).markup}[/]" for text, action in keys)

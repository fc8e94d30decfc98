"""Light and dark; Textual's own ``ansi-dark`` and ``ansi-light`` keep to sixteen colours."""

from typing import Final

from textual.theme import Theme

DEFAULT: Final = "meshbot-dark"
SIXTEEN: Final = "ansi-dark"

DARK: Final = Theme(
    name=DEFAULT,
    dark=True,
    primary="#4f8cc9",
    secondary="#7a8ba3",
    accent="#58b7c4",
    warning="#e0b050",
    error="#e06c6c",
    success="#7fbf7f",
    foreground="#d6dae0",
    background="#14171c",
    surface="#1a1e25",
    panel="#232934",
)
LIGHT: Final = Theme(
    name="meshbot-light",
    dark=False,
    primary="#2b6cb0",
    secondary="#5a6b80",
    accent="#0f7f8c",
    warning="#8a5a00",
    error="#b03030",
    success="#2f7d32",
    foreground="#1d2127",
    background="#fbfbfa",
    surface="#f1f2f3",
    panel="#e3e6ea",
)

THEMES: Final = (DARK, LIGHT)

_FEW: Final = (None, "standard", "windows")


def fitting(color_system: str | None) -> str:
    """The theme for a terminal of which rich tells this; ours are made of more than 16 colours."""
    return SIXTEEN if color_system in _FEW else DEFAULT

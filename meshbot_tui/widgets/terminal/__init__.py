"""A program's screen as a widget: bytes in, what a person typed out."""

from meshbot_tui.widgets.terminal.view import TerminalView

__all__ = ["TerminalView"]

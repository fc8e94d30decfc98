"""What the agents tell each other."""

from meshbot_tui.widgets.messages.list import MessageList
from meshbot_tui.widgets.messages.pane import MessagesPane

__all__ = ["MessageList", "MessagesPane"]

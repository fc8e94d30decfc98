"""The console: it connects hosts and mailboxes with what a person sees and does."""

from meshbot_tui.app.app import MeshbotApp

__all__ = ["MeshbotApp"]

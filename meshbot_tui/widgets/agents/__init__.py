"""The list of agents."""

from meshbot_tui.widgets.agents.list import AgentList

__all__ = ["AgentList"]

"""How the peers are."""

from meshbot_tui.widgets.health.pane import HealthPane

__all__ = ["HealthPane"]

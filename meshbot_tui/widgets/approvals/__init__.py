"""What waits for the person: permissions and questions."""

from meshbot_tui.widgets.approvals.card import ApprovalCard
from meshbot_tui.widgets.approvals.pane import ApprovalsPane

__all__ = ["ApprovalCard", "ApprovalsPane"]

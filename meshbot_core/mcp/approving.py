"""The tool that a headless session asks for permission: a person decides, through the host.

Claude Code calls it by itself, the model does not; so its calls prove nothing about what the
model has read, and their results carry no messages.
"""

from typing import Final

from pydantic import Field, JsonValue

from meshbot_core.claude.answers import tool_allowed_text, tool_denied_text
from meshbot_core.claude.tools import APPROVAL_TOOL
from meshbot_core.errors import MeshError
from meshbot_core.host.session_api import ApprovalRequest
from meshbot_core.host.session_client import SessionClient
from meshbot_core.mcp.arguments import Arguments, taken
from meshbot_core.mcp.deeds import GivenArguments
from meshbot_core.mcp.link import HostLink
from meshbot_core.mcp.results import ToolAnswer
from meshbot_core.mcp.tools import ToolText
from meshbot_core.session.records import Decision
from meshbot_core.types import new_id

APPROVE: Final = ToolText(
    APPROVAL_TOOL,
    "Asks the person who watches over this session whether a tool may be used. Claude Code "
    "calls it by itself when a tool needs permission: there is no need to call it.",
    {
        "type": "object",
        "properties": {
            "tool_name": {"type": "string", "description": "The tool that wants to be used"},
            "input": {"type": "object", "description": "What it would be given"},
            "tool_use_id": {"type": "string", "description": "The id of that use"},
        },
        "required": ["tool_name", "input"],
    },
)

_FALLBACK_REASON: Final = "The person who watches over this session said no."


class ApprovalArguments(Arguments):
    """Of ``approve``, as Claude Code gives them."""

    tool: str = Field(alias="tool_name")
    tool_input: JsonValue = Field(alias="input")
    call_id: str = Field(default="", alias="tool_use_id")


async def approve(link: HostLink, given: GivenArguments) -> ToolAnswer:
    """Ask, and wait for the decision; whatever goes wrong is a no with its reason.

    Cancelled, it hangs up, by which the host knows that nobody waits any more.
    """
    try:
        wanted = taken(ApprovalArguments, APPROVAL_TOOL, given)
        request = ApprovalRequest(
            id=new_id(), tool=wanted.tool, tool_input=wanted.tool_input, call_id=wanted.call_id
        )
        decision = await SessionClient(await link.client()).request_approval(request)
    except MeshError as error:
        return ToolAnswer(tool_denied_text(f"Nobody could be asked for permission: {error}"))
    return ToolAnswer(_told(decision, wanted.tool_input))


def _told(decision: Decision, tool_input: JsonValue) -> str:
    if decision.behavior == "allow":
        return tool_allowed_text(tool_input)
    return tool_denied_text(decision.reason or _FALLBACK_REASON)

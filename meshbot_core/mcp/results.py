"""What tools say: pure functions from the host's values to texts.

Members and their order are the reference's; ours are added at the end.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from meshbot_core.errors import MeshError, UnknownPeerError
from meshbot_core.host.api import AskResult, MessageView, PeerView, SendResult
from meshbot_core.mcp.tools import JsonObject

_FALLBACK_HINT: Final = "Try again; if it goes on, tell your user to run: meshbot doctor"


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """The first part of a tool's result."""

    text: str
    is_error: bool = False


def compact(value: object) -> str:
    """JSON as JavaScript's JSON.stringify writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def told(value: JsonObject) -> ToolAnswer:
    """A success whose text is ``value``."""
    return ToolAnswer(compact(value))


def _failed(value: JsonObject) -> ToolAnswer:
    return ToolAnswer(compact(value), is_error=True)


# -- errors


def refused(error: MeshError, **context: object) -> ToolAnswer:
    """Something that could not be done; always with what to do about it."""
    if isinstance(error, UnknownPeerError):
        return ToolAnswer(str(error), is_error=True)
    return _failed({**context, "error": str(error), "hint": error.hint or _FALLBACK_HINT})


def bad_arguments(error: MeshError) -> ToolAnswer:
    """Arguments that a tool does not take, told as the reference does, and what to do."""
    return ToolAnswer(f"{error}. Please {error.hint}.", is_error=True)


def unknown_tool(name: str, known: Sequence[str]) -> ToolAnswer:
    """A tool that we do not have."""
    text = f"MCP error -32602: Tool {name[:80]} not found. There are: {', '.join(known)}"
    return ToolAnswer(text, is_error=True)


def unknown_agent(error: UnknownPeerError, name: str) -> ToolAnswer:
    """``get_agent_status`` of a name that is not in the mesh."""
    return _failed(
        {
            "error": f'Unknown agent "{name}"',
            "known": list(error.known),
            "hint": "use one of the known names",
        }
    )


# -- sending


def sent(result: SendResult) -> ToolAnswer:
    """``send_message``."""
    if result.state == "delivered":
        return told({"delivered": True, "messageId": result.id, "to": result.to})
    if result.state == "queued":
        return told({**_queued(result.id, result.reason, result.retry_until_ms), "to": result.to})
    return _failed({"delivered": False, "to": result.to, **_why(result)})


def replied(result: SendResult, message_id: str) -> ToolAnswer:
    """``reply``; ``message_id`` is what was answered."""
    if result.state == "delivered":
        return told({"replied": True, "to": result.to, "messageId": message_id})
    if result.state == "queued":
        queued = _queued(message_id, result.reason, result.retry_until_ms)
        return told({"replied": False, "to": result.to, **queued})
    return _failed({"replied": False, "to": result.to, **_why(result)})


def broadcasted(results: Sequence[SendResult]) -> ToolAnswer:
    """``broadcast``: a line for each receiver."""
    return told({"results": [_broadcast_line(result) for result in results]})


def _broadcast_line(result: SendResult) -> JsonObject:
    line: JsonObject = {"name": result.to, "delivered": result.state == "delivered"}
    if result.state == "queued":
        line |= {"queued": True, "retryUntil": result.retry_until_ms}
    elif result.state != "delivered":
        line["error"] = result.reason
    return line


def _queued(message_id: str, reason: str, retry_until_ms: int) -> JsonObject:
    return {
        "delivered": False,
        "queued": True,
        "messageId": message_id,
        "reason": reason,
        "retryUntil": retry_until_ms,
        "note": "Kept, and delivered when the agent can be reached. Do not send it again.",
    }


def _why(result: SendResult | AskResult) -> JsonObject:
    return {
        "error": result.reason or "the message was refused",
        "peerUrl": result.peer_url,
        "hint": f'Agent "{result.to}" did not take the message at {result.peer_url}. '
        f"get_agent_status tells how it is; it is started with: meshbot start --as {result.to}",
    }


# -- asking


def asked(result: AskResult, timeout_s: float) -> ToolAnswer:
    """``ask_agent``, once there is something to say."""
    if result.answer is not None:
        return told(_answered(result, result.answer))
    if result.crossing is not None:
        return told(_crossed(result))
    if result.state == "open" and result.delivery != "failed":
        return told(_postponed(result))
    return _failed(_unanswered(result, timeout_s))


def _answered(result: AskResult, answer: MessageView) -> JsonObject:
    said: JsonObject = {
        "response": answer.text,
        "fromAgent": answer.sender,
        "messageId": result.id,
    }
    return said | ({"shownBefore": True} if answer.shown_before else {})


def _crossed(result: AskResult) -> JsonObject:
    return {
        "waiting": True,
        "messageId": result.id,
        "note": f'"{result.to}" is itself waiting for an answer of yours: reply to its question '
        "below first. Its answer to you comes later, as a message with replyTo.",
    }


def _postponed(result: AskResult) -> JsonObject:
    return {
        **_queued(result.id, result.reason or "not reached", result.expires_at_ms),
        "note": "Kept, and put to the agent when it can be reached until then. Its answer comes "
        "as a message with replyTo. Do not ask again.",
        "to": result.to,
    }


def _unanswered(result: AskResult, timeout_s: float) -> JsonObject:
    if result.delivery == "failed":
        why = _why(result)
        return {"error": why.pop("error"), "to": result.to, **why}
    reached = result.delivery == "delivered"
    why_silent = f" ({result.reason})" if reached and result.reason else ""
    return {
        "error": f"Ask timed out after {round(timeout_s * 1000)}ms{why_silent}",
        "messageId": result.id,
        "hint": "Go on without the answer: if it still comes, it arrives as a message with replyTo."
        if reached
        else f'"{result.to}" was not reached ({result.reason or "no answer"}) and the question '
        "was withdrawn. get_agent_status tells how it is; ask again later.",
    }


# -- peers


def listed(peers: Sequence[PeerView]) -> ToolAnswer:
    """``list_agents``."""
    lines = [
        {
            "name": peer.name,
            "url": peer.url,
            "description": peer.description,
            "status": "online" if peer.is_online else "offline",
        }
        for peer in peers
    ]
    return ToolAnswer(json.dumps(lines, ensure_ascii=False, indent=2))


def status_of(peer: PeerView) -> ToolAnswer:
    """``get_agent_status``."""
    status: JsonObject = {
        "name": peer.name,
        "online": peer.is_online,
        "description": peer.description,
        "url": peer.url,
    }
    status |= {"state": peer.state} if peer.is_online and peer.state else {}
    return told(status | ({} if peer.is_online or not peer.error else {"error": peer.error}))

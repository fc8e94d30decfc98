"""The calls of the control API that belong to sessions and approvals."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from meshbot_core.host.client import HostClient
from meshbot_core.host.session_api import (
    ApprovalPage,
    ApprovalRequest,
    NativeSocket,
    PushReport,
    RestartSession,
    SessionAnswer,
    StartSession,
    StopSession,
    WrittenResults,
)
from meshbot_core.session.records import Decision, SessionOptions, Verdict

_DECISION_LIMIT_S = 90_000.0
"""A person may take a day; Claude Code waits no longer."""
_START_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class SessionClient:
    """What can be done with the session of one host; ``client`` is connected."""

    client: HostClient

    async def start(self, options: SessionOptions) -> SessionAnswer:
        """Start a session in the host.

        Raises:
            SessionRunningError: One runs.
            ClaudeError: Claude Code is missing, too old, or refuses its flags.
        """
        call = StartSession(options=options)
        return await self.client.link.call(
            "POST", "/v1/session", SessionAnswer, call, limit_s=_START_LIMIT_S
        )

    async def session(self) -> SessionAnswer:
        """The session, or None in its place."""
        return await self.client.link.call("GET", "/v1/session", SessionAnswer)

    async def stop(self, *, timeout_s: float = 10.0, signal_name: str = "SIGTERM") -> SessionAnswer:
        """End the session; returns when it has ended.

        Raises:
            NoSessionError: None runs.
        """
        call = StopSession(timeout_s=timeout_s, signal_name=signal_name)
        return await self.client.link.call(
            "POST", "/v1/session/stop", SessionAnswer, call, limit_s=timeout_s + _START_LIMIT_S
        )

    async def restart(self, options: SessionOptions | None = None) -> SessionAnswer:
        """End claude and start it again, in the same conversation, as ``RestartSession`` says.

        Raises:
            NoSessionError: None runs.
            MeshError: It cannot be started with ``options``; the old session runs on.
        """
        call = RestartSession(options=options)
        return await self.client.link.call(
            "POST", "/v1/session/restart", SessionAnswer, call, limit_s=2 * _START_LIMIT_S
        )

    async def resume(self) -> SessionAnswer:
        """Lift the pause of the guard: a human has looked."""
        return await self.client.link.call("POST", "/v1/session/resume", SessionAnswer)

    async def approvals(self, *, history: int = 0) -> ApprovalPage:
        """What waits for a person, and the newest ``history`` decisions."""
        return await self.client.link.call(
            "GET", "/v1/approvals", ApprovalPage, query={"history": str(history)}
        )

    async def decide(self, id: str, verdict: Verdict) -> Decision:  # noqa: A002 - the API's own word
        """Answer an approval.

        Raises:
            NoSuchApprovalError: None of that id.
            ApprovalDecidedError: Somebody was quicker; the message says who.
            DecisionForbiddenError: A session cannot decide for itself.
        """
        return await self.client.link.call(
            "POST", f"/v1/approvals/{quote(id, safe='')}", Decision, verdict
        )

    async def request_approval(self, request: ApprovalRequest) -> Decision:
        """Ask a person whether a tool may be called; returns when that was decided."""
        return await self.client.link.call(
            "POST", "/v1/approvals", Decision, request, limit_s=_DECISION_LIMIT_S
        )

    async def announce_native(self, path: str, claude_pid: int) -> None:
        """Tell the host that this client can post to its session's own socket."""
        call = NativeSocket(session=self.client.session, path=path, claude_pid=claude_pid)
        await self.client.link.request("POST", "/v1/native", call)

    async def was_written(self, lease_ids: Sequence[str]) -> None:
        """Tell that results with these leases went to Claude Code completely."""
        call = WrittenResults(session=self.client.session, lease_ids=tuple(lease_ids))
        await self.client.link.request("POST", "/v1/written", call)

    async def report_push(self, frame_id: str, state: str, reason: str = "") -> None:
        """Tell what became of a push."""
        call = PushReport.model_validate(
            {
                "session": self.client.session,
                "frame_id": frame_id,
                "state": state,
                "reason": reason,
            }
        )
        await self.client.link.request("POST", "/v1/pushes", call)

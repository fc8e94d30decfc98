"""The clients of a host, as the session that runs knows them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from meshbot_core.host.api import ClientView
from meshbot_core.host.session_api import NativeSocket, PushEvent, PushReport, WrittenResults
from meshbot_core.host.streams import Streams
from meshbot_core.session.log import SessionLog
from meshbot_core.session.rights import parent_of
from meshbot_core.session.session import Session
from meshbot_core.session.ways import Push


@dataclass(slots=True)
class SessionClients:
    """Tells the session that runs, if one does, of clients and of what they did for it."""

    streams: Streams
    log: SessionLog
    session: Callable[[], Session | None]
    _own: set[str] = field(default_factory=set)
    """MCP servers that the session's own claude started."""

    def came(self, client: ClientView) -> None:
        """A client opened an event stream: it may be the MCP server of our own claude."""
        session = self.session()
        if session is None or client.kind != "serve" or session.ways.process is None:
            return
        if parent_of(client.pid) == session.ways.process.pid:
            self._own.add(client.session)
            if session.options.kind == "interactive":
                # A headless Claude Code starts a lost server again by itself.
                session.tools.came(client.session)

    def left(self, client: str, *, is_vanished: bool) -> None:
        """A client's event stream ended, ``is_vanished`` without a goodbye."""
        if (session := self.session()) is not None:
            if is_vanished:
                session.tools.vanished(client)
            else:
                session.tools.said_goodbye(client)
            self._own.discard(client)
            if session.ways.native_left(client):
                session.pusher.native_left()

    def results_written(self, call: WrittenResults) -> None:
        """Results of a client's tool calls are on their way to the model."""
        session = self.session()
        if session is not None and call.session in self._own:
            session.leases.results_written(call.lease_ids)

    # -- pushes through the session's own socket

    def native_came(self, call: NativeSocket) -> None:
        """A client can post to its session's own socket."""
        if (session := self.session()) is not None:
            session.ways.native_came(call.session, call.claude_pid)
            session.pusher.poke()

    def post_native(self, client: str, push: Push) -> bool:
        """Let ``client`` post it; False: it is gone."""
        event = PushEvent(frame_id=push.frame_id, text=push.text, sender_name=push.sender)
        return self.streams.publish_to(client, event)

    async def push_reported(self, call: PushReport) -> None:
        """What became of a push."""
        # What is held waits for the human at the terminal, who may still let it in.
        if (session := self.session()) is None or call.state == "held":
            return
        if call.state == "written":
            session.leases.written(call.frame_id)
            return
        self.log.write("push", f"{call.state} {call.reason}")
        await session.pusher.failed(call.frame_id)

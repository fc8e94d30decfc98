"""A still picture of a mesh: what the tests of how things look are given."""

from collections.abc import Iterable

from textual.app import SystemCommand
from textual.pilot import Pilot
from textual.screen import Screen

from meshbot_core.host.api import API_VERSION, HostStatus, PeerView
from meshbot_core.session.records import Approval, SessionView
from meshbot_tui.app.calm import Calm
from meshbot_tui.app.commands import Commands
from meshbot_tui.model import events
from meshbot_tui.model.apply import apply
from meshbot_tui.model.journal import JournalIndex, MessageRow, Stand
from meshbot_tui.model.picture import Picture, Question
from meshbot_tui.screens.main import MainScreen
from meshbot_tui.themes import DEFAULT, THEMES
from meshbot_tui.widgets.approvals import ApprovalCard
from meshbot_tui.widgets.messages import MessageList
from meshbot_tui.widgets.pane import Face
from meshbot_tui.widgets.terminal import TerminalView
from tests.support.waiting import until

NOW_MS = 1_795_000_000_000
"""2026-11-18 15:06:40 UTC; the tests set the zone."""

_SAME = 3

SCREEN = (
    "\x1b[2J\x1b[H\x1b[1mClaude Code\x1b[0m v2.1.330\r\n\r\n"
    "\x1b[38;5;246m> \x1b[0mplease run the tests\r\n\r\n"
    "\x1b[32m●\x1b[0m Bash(\x1b[1mnpm test\x1b[0m)\r\n"
    "  ⎿  \x1b[31m2 failed\x1b[0m, 128 passed\r\n\r\n"
    "\x1b[38;2;120;180;240m✻ Thinking…\x1b[0m 漢字 é 👩‍💻\r\n"
)


def session(state: str, *, since_s: int, **more: object) -> SessionView:
    facts = {"kind": "interactive", "state": state, "started_at_ms": NOW_MS - 9_000_000}
    return SessionView.model_validate(facts | {"since_ms": NOW_MS - since_s * 1000} | more)


def status(agent: str, view: SessionView | None, *, unread: int = 0) -> HostStatus:
    return HostStatus(
        api_version=API_VERSION,
        version="0.1.0",
        agent=agent,
        mesh="team",
        pid=4711,
        url=f"http://localhost:98{len(agent)}0",
        host="127.0.0.1",
        port=9800,
        started_at_ms=NOW_MS - 9_000_000,
        unread=unread,
        leased=0,
        queued=0,
        open_asks=0,
        session=view,
    )


def peer(name: str, **more: object) -> PeerView:
    facts: dict[str, object] = {"name": name, "url": f"https://{name}.internal:9820"}
    return PeerView.model_validate(facts | {"is_online": True, "latency_ms": 4.2} | more)


def scene() -> Picture:
    """Four agents, two peers and a person, of whom two want something."""
    working = session(
        "working", since_s=42, doing="Bash npm test", doing_since_ms=NOW_MS - 42_000,
        context_used=41.0, cost_usd=1.2, cost_today_usd=2.4,
    )  # fmt: skip
    asking = session(
        "needs_approval", since_s=125, doing="Bash rm -rf build", waits_for=("a1",), cost_usd=0.07
    )
    idle = session("idle", since_s=4000, kind="headless", context_used=7.0)
    crashed = session(
        "crashed", since_s=12, reason="it ended with status 3", is_over=True, exit_status=3
    )
    peers = (
        peer("prod-ops", version="0.1.0", state="idle"),
        peer("far", is_online=False, latency_ms=None, error="connection refused"),
    )
    command = {"command": "rm -rf build && npm run build", "description": "Build anew"}
    happened = (
        events.MeshOpened("team", "operator-desk", 1),
        events.HostSeen("dev", status("dev", working, unread=2), 1),
        events.HostSeen("web", status("web", asking), 2),
        events.HostSeen("ops", status("ops", idle), 3),
        events.HostSeen("docs", status("docs", crashed, unread=1), 4),
        events.HostLost("old", "away", 5, unread=3),
        events.PeersSeen(peers, NOW_MS - 5000),
        events.PeersSeen((peer("prod-ops", version="0.1.0", latency_ms=3.0), peers[1]), NOW_MS),
        events.ApprovalRaised(
            Approval(
                id="a1",
                agent="web",
                kind="interactive",
                tool="Bash",
                tool_input=command,
                asked_at_ms=NOW_MS - 125_000,
            ),
            5,
        ),
        events.QuestionsSeen(
            (Question("q1", "ops", "May I restart the canary [bold]now[/bold]?", NOW_MS - 60_000),),
            6,
        ),
        events.Noticed(NOW_MS - 3000, '"docs" ended at once: status 3', "error", "docs"),
    )
    picture = Picture()
    for event in happened:
        picture = apply(picture, event)
    return picture


def messages(times: int = 1) -> tuple[MessageRow, ...]:
    """A conversation in which everything happens that can."""
    arrived: dict[str, object] = {"state": "delivered"}
    said: tuple[tuple[str, str, str, str, dict[str, object]], ...] = (
        ("dev", "web", "message", "Release 1.4 is built.", arrived | {"read_state": "read"}),
        ("web", "ops", "ask", "Is the canary free?", arrived | {"ask_state": "answered"}),
        ("ops", "web", "response", "Yes, until three.", arrived | {"read_state": "shown"}),
        ("dev", "far", "message", "For when you are back", {"state": "queued"}),
        ("dev", "prod-ops", "ask", "Anybody?", arrived | {"ask_state": "timed_out"}),
        (
            "prod-ops",
            "dev",
            "message",
            "漢字 \x1b[31mred\u202e [bold]x",
            {"state": "received"},
        ),
        ("dev", "nobody", "message", "lost", {"state": "failed", "error": "404: no such agent"}),
    )
    rows: list[MessageRow] = []
    for number, (sender, to, kind, text, more) in enumerate(said * times):
        at_ms = NOW_MS - 60_000 * (len(said) * times - number)
        facts = {"text": text, "size": len(text), "at_ms": at_ms} | more
        rows.append(
            MessageRow(
                key=("dev", number), id=f"id-{number}", sender=sender, to=to, kind=kind, **facts
            )
        )
    return tuple(rows)


def log() -> list[str]:
    """What stands in the log of a session without a screen."""
    lines = ["session started, headless", "state working", "tool Bash npm test", "tool Read a.py"]
    lines += ["failed: the model said [bold]no[/bold] " + "again and " * 12, "state idle"]
    return [f"2026-11-18T15:0{n % 6}:00.000Z {line}" for n, line in enumerate(lines * 8)]


async def settled(pilot: Pilot[None]) -> None:
    """Wait until what came by itself takes keys, and nothing changes any more."""
    cards = pilot.app.screen.query(ApprovalCard)
    await until(lambda: not any(card.is_held for card in cards))
    seen: list[str] = []

    async def looks_the_same() -> bool:
        await pilot.pause()
        seen.append(pilot.app.export_screenshot())
        return len(seen) > _SAME and len(set(seen[-_SAME:])) == 1

    await until(looks_the_same, 10)


class Still(Calm[None]):
    """The main screen, shown this picture and nothing else; ``above`` lies before it."""

    def __init__(
        self,
        view: str = "terminal",
        *,
        theme: str = DEFAULT,
        face: Face = "screen",
        times: int = 1,
        above: Screen[object] | None = None,
    ) -> None:
        """``times``: so often the same was said in the messages."""
        super().__init__()
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme
        self.main = MainScreen()
        self._view = view
        self._face: Face = face
        self._messages = messages(times)
        self._above = above

    async def on_mount(self) -> None:
        await self.push_screen(self.main)
        picture, main, rows = scene(), self.main, self._messages
        main.look_at(self._view)
        found = main.show(picture, NOW_MS)
        stands = [Stand(r.at_ms, *r.key, r.sender, r.to, r.kind) for r in rows]
        main.messages.show(JournalIndex.of(stands), len(rows))
        main.pane.describe(found[0])
        main.pane.log_view.add(log())
        main.pane.say("It runs in no terminal here. [b]r[/b] restarts it.")
        main.pane.turn(self._face)
        main.pane.mark_keys(has_keys=False)
        if self._view == "grid":
            await main.grid.put(["dev", "web", "docs"])
            main.grid.describe(found)
        if self._above is not None:
            await self.push_screen(self._above)
        self.call_after_refresh(self._paint)

    def _paint(self) -> None:
        """Programs have as much room as they are shown in."""
        for view in self.main.query(TerminalView):
            if view.size.area:
                view.repaint(view.size.width, view.size.height, SCREEN.encode())

    def on_message_list_rows_wanted(self, event: MessageList.RowsWanted) -> None:
        known = {row.key: row for row in self._messages}
        self.main.messages.list.fill(known[key] for key in event.keys)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Those of the console."""
        return Commands.get_system_commands(self, screen)

"""A small app that shows one widget, and things to show in it."""

from random import Random
from types import MappingProxyType
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget

from meshbot_core.session.records import Approval
from meshbot_tui.app.calm import Calm
from meshbot_tui.model.peers import changes_in
from meshbot_tui.model.picture import Peer, Picture, Question, Sample
from meshbot_tui.themes import DEFAULT, THEMES
from tests.support.clock import FakeClock

NOW_MS = FakeClock().now_ms()
SIZES = ((80, 24), (120, 40))
SIZE_NAMES = ("80x24", "120x40")


class Showing(Calm[object]):
    """Shows ``widget`` (or nothing), and keeps what it says."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, widget: Widget | None = None, kept: tuple[type[Message], ...] = ()) -> None:
        super().__init__()
        self.shown = widget
        self.kept = kept
        self.said: list[Message] = []
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DEFAULT

    def compose(self) -> ComposeResult:
        if self.shown is not None:
            yield self.shown

    async def _on_message(self, message: Message) -> None:
        if isinstance(message, self.kept):
            self.said.append(message)
        await super()._on_message(message)


def text_of(app: App[object]) -> str:
    """The screen as lines of text."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in strips)


def edit(
    agent: str = "dev", approval_id: str = "a1", *, asked_at_ms: int = NOW_MS - 90_000
) -> Approval:
    old = "def greeting(name):\n    return 'Hello ' + name\n\nprint(greeting('you'))\n"
    new = "def greeting(name):\n    return f'Hello {name}'\n\nprint(greeting('[bold]you[/]'))\n"
    return Approval(
        id=approval_id,
        agent=agent,
        kind="interactive",
        tool="Edit",
        tool_input={"file_path": "/src/app.py", "old_string": old, "new_string": new},
        asked_at_ms=asked_at_ms,
    )


def command(
    text: str = "npm test",
    agent: str = "ops",
    approval_id: str = "a2",
    *,
    asked_at_ms: int = NOW_MS - 50_000,
    expires_at_ms: int = NOW_MS + 250_000,
) -> Approval:
    return Approval(
        id=approval_id,
        agent=agent,
        kind="headless",
        tool="Bash",
        tool_input={"command": text, "description": "Run the tests"},
        asked_at_ms=asked_at_ms,
        expires_at_ms=expires_at_ms,
    )


def question(ask_id: str = "q1", sender: str = "web", text: str = "Which port?") -> Question:
    return Question(ask_id, sender, text, NOW_MS - 20_000)


def peer(name: str, latencies: tuple[float | None, ...] = (3.0,), **more: object) -> Peer:
    """A peer with one sample each 5 s, the last one just now."""
    begin_ms = NOW_MS - 5000 * (len(latencies) - 1)
    samples = tuple(Sample(begin_ms + 5000 * n, each) for n, each in enumerate(latencies))
    facts: dict[str, object] = {
        "url": "http://10.0.0.1:7000",
        "is_online": latencies[-1] is not None,
        "latency_ms": latencies[-1],
        "version": "0.4.0",
        "stamp": NOW_MS,
        "samples": samples,
        "changes": changes_in(name, samples),
        "last_seen_ms": max((s.at_ms for s in samples if s.latency_ms is not None), default=0),
    }
    return Peer(name=name, **{**facts, **more})  # type: ignore[arg-type]


def picture(*peers: Peer) -> Picture:
    """A mesh of these, all looked at just now."""
    looked_at = MappingProxyType({peer.name: peer for peer in peers})
    return Picture(mesh="m", operator="me", looked_at=looked_at, peers_stamp=NOW_MS)


def many_peers(count: int) -> Picture:
    """Peers of all kinds, always the same ones."""
    random = Random(1)  # noqa: S311 - no secrets in pictures
    found = []
    for number in range(count):
        base = random.choice((0.4, 2.0, 6.0, 20.0, 120.0))
        latencies: list[float | None] = [base * random.uniform(0.7, 1.6) for _ in range(120)]
        more: dict[str, object] = {}
        if number % 9 == 4:
            latencies[70:90] = [None] * 20
        if number % 11 == 6:
            latencies[100:] = [None] * 20
            more["error"] = "connection refused [b]by[/b] 10.0.0.1:7000"
        if number % 13 == 5:
            more["skew_ms"] = -2500
        found.append(peer(f"peer-{number:03d}", tuple(latencies), **more))
    return picture(*found)

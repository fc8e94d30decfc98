"""The last way into a session: its keyboard, which answers whatever is on the screen."""

import json
from pathlib import Path

import pytest

from meshbot_core.session.guard import Guard
from meshbot_core.session.records import Limits, SessionOptions
from meshbot_core.session.self_report import SelfReports
from meshbot_core.session.tracker import Tracker
from meshbot_core.session.waiters import Waiters
from meshbot_core.session.ways import Push, SessionWays
from tests.support.clock import FakeClock

PID = 4242
CTRL_U = b"\x15"
PUSH = Push("f-1", "hello", "ops")


class Keyboard:
    """Remembers what was typed; ``on_write`` happens with each write."""

    pid = PID

    def __init__(self) -> None:
        self.typed = b""
        self.on_write = lambda: None

    async def say(self, text: str, frame_id: str) -> None:
        """Not of this kind."""

    def write(self, data: bytes) -> None:
        self.typed += data
        self.on_write()


class Scene:
    def __init__(self, home: Path) -> None:
        clock = FakeClock()
        self.tracker = Tracker("interactive", clock)
        self.keyboard = Keyboard()
        self.file = home / ".claude" / "sessions" / f"{PID}.json"
        self.file.parent.mkdir(parents=True)
        self.ways = SessionWays(
            SessionOptions(folder="/"),
            self.tracker,
            Waiters(),
            Guard(Limits(), clock),
            lambda client, push: False,
            SelfReports(home),
            process=self.keyboard,
        )
        self.tracker.has_begun = True
        self.tracker.to("idle")

    def says(self, status: str, pid: int = PID) -> None:
        """What Claude Code writes of the session."""
        self.file.write_text(json.dumps({"pid": pid, "sessionId": "c", "status": status}))

    async def pasted(self) -> bool:
        return await self.ways.hand_over("paste", PUSH)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.mark.parametrize("status", ["idle", ""])
async def test_a_push_is_typed_at_an_idle_prompt_and_sent_with_return(scene, status):
    scene.says(status)

    assert await scene.pasted()
    assert scene.keyboard.typed == b"\x1b[200~hello\x1b[201~\r"


async def test_a_session_that_says_nothing_of_itself_is_believed_its_hooks(scene):
    scene.says("waiting", pid=PID + 1)  # left by another process

    assert await scene.pasted()


@pytest.mark.parametrize("status", ["waiting", "busy"])
async def test_nothing_is_typed_into_a_dialog_or_a_turn(scene, status):
    scene.says(status)
    assert not await scene.pasted()

    scene.ways.looked_at()
    assert scene.ways.best(idle_ms=60_000) == "none"
    assert scene.keyboard.typed == b""


async def test_nothing_is_typed_while_a_call_waits_for_a_person(scene):
    scene.says("idle")
    scene.tracker.asks("Bash")

    assert not await scene.pasted()
    assert not await scene.ways.type_line("/mcp reconnect mesh")
    assert scene.ways.best(idle_ms=60_000) == "none"
    assert scene.keyboard.typed == b""


async def test_return_is_not_pressed_when_a_dialog_came_up_after_the_text(scene):
    scene.says("idle")
    scene.keyboard.on_write = lambda: scene.says("waiting")

    assert not await scene.pasted()
    assert scene.keyboard.typed == b"\x1b[200~hello\x1b[201~"
    assert not scene.ways.is_typed  # it is ours, nobody would miss it


async def test_what_was_typed_and_not_sent_is_taken_away_before_more_is_typed(scene):
    scene.says("idle")
    scene.keyboard.on_write = lambda: scene.says("busy")
    assert not await scene.ways.type_line("one\ntwo")
    scene.keyboard.on_write = lambda: None
    scene.keyboard.typed = b""

    scene.says("idle")
    assert await scene.pasted()
    assert await scene.pasted()

    first, second = scene.keyboard.typed.split(b"\r")[:2]
    assert first == CTRL_U * 4 + b"\x1b[200~hello\x1b[201~"
    assert second == b"\x1b[200~hello\x1b[201~"


async def test_return_is_not_pressed_when_a_person_typed_after_the_text(scene):
    scene.says("idle")
    scene.keyboard.on_write = lambda: setattr(scene.ways, "typed_ms", 7)

    assert not await scene.pasted()
    assert scene.keyboard.typed == b"\x1b[200~hello\x1b[201~"
    assert scene.ways.is_typed


async def test_return_is_not_pressed_in_another_process_than_the_text(scene):
    scene.says("idle")

    scene.keyboard.on_write = lambda: setattr(scene.ways, "process", None)
    assert not await scene.pasted()
    assert scene.keyboard.typed == b"\x1b[200~hello\x1b[201~"
    assert not scene.ways.is_typed

"""A headless claude as a process: with small stand-ins, and with the real one."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from meshbot_core.claude.binary import inspect_claude
from meshbot_core.claude.flags import UserFlags
from meshbot_core.claude.headless import McpServer
from meshbot_core.claude.launch import SessionPlan, launch, session_environment
from meshbot_core.claude.stream import (
    RequestAnswered,
    StreamEvent,
    TurnBegan,
    TurnEnded,
    UnknownEvent,
)
from meshbot_core.demo.binaries import VERSIONS
from meshbot_core.demo.claude_home import clean_environment, model_environment, prepare_home
from meshbot_core.demo.model import serving
from meshbot_core.demo.script import Turn
from meshbot_core.errors import ClaudeMissingError, NoSessionError
from meshbot_core.session import headless_process
from meshbot_core.session.headless_process import HeadlessProcess
from meshbot_core.session.line_reader import LineReader, TooLong
from tests.support.claude import required_claude
from tests.support.processes import is_gone
from tests.support.waiting import until

pytestmark = pytest.mark.slow

_ECHO = """
import json, sys
for line in sys.stdin:
    heard = json.loads(line)
    print(json.dumps({"type": "heard", "uuid": heard.get("uuid", ""),
                      "subtype": heard["type"]}), flush=True)
"""
_STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('{"type": "up"}', flush=True)
time.sleep(60)
"""
_LEAVES_A_CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                         start_new_session=%s)
print('{"type": "up", "uuid": "%%d"}' %% child.pid, flush=True)
sys.stdin.read()
"""


@dataclass
class Heard:
    """What came out."""

    events: list[StreamEvent] = field(default_factory=list)
    garbage: list[str] = field(default_factory=list)

    def hear(self, event: StreamEvent) -> None:
        self.events.append(event)

    async def came(self, kind: type[StreamEvent], limit_s: float = 10.0) -> StreamEvent:
        await until(lambda: any(isinstance(event, kind) for event in self.events), limit_s)
        return next(event for event in self.events if isinstance(event, kind))


@asynccontextmanager
async def child(program: str, folder: Path, heard: Heard):
    async with HeadlessProcess.started(
        [sys.executable, "-c", program],
        environment=os.environ,
        folder=folder,
        on_event=heard.hear,
        on_garbage=heard.garbage.append,
    ) as process:
        yield process


async def test_lines_go_in_in_order_and_events_come_out(tmp_path):
    heard = Heard()
    async with child(_ECHO, tmp_path, heard) as process:
        for number in range(20):
            await process.say("x" * 5000, uuid=f"u-{number}")
        await process.interrupt()
        assert await process.end() == 0

    assert [event.uuid for event in heard.events] == [f"u-{n}" for n in range(20)] + [""]
    assert [event.detail for event in heard.events] == ["user"] * 20 + ["control_request"]


async def test_what_is_no_event_is_told_in_one_line_and_what_is_unknown_passes(tmp_path):
    heard = Heard()
    program = (
        "print('{\"type\":'); print('plain  text\\twith ' + 'x' * 999); print(); "
        'print(\'{"type": "new_kind"}\'); print(\'{"type": "last"}\', end=\'\')'
    )
    async with child(program, tmp_path, heard) as process:
        assert await process.wait() == 0

    assert [event.kind for event in heard.events] == ["new_kind", "last"]
    assert all(isinstance(event, UnknownEvent) for event in heard.events)
    assert heard.garbage[0] == '{"type":'
    assert heard.garbage[1].startswith("plain text with xxx")
    assert len(heard.garbage[1]) == 200


async def test_a_line_beyond_the_limit_is_garbage_and_the_next_one_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(headless_process, "MAX_LINE_BYTES", 1_000_000)
    heard = Heard()
    program = (
        'print(\'{"type": "big", "x": "\' + \'x\' * 3_000_000 + \'"}\'); '
        'print(\'{"type": "after"}\')'
    )
    async with child(program, tmp_path, heard) as process:
        await process.wait()

    assert [event.kind for event in heard.events] == ["after"]
    (line,) = heard.garbage
    assert line.startswith('a line of 3000024 bytes: {"type": "big"')


async def test_the_last_words_on_standard_error_are_kept(tmp_path):
    program = "import sys\nfor n in range(50): print('line', n, file=sys.stderr)\nsys.exit(3)"
    async with child(program, tmp_path, Heard()) as process:
        assert await process.wait() == 3

        assert process.stderr_tail.splitlines() == [f"line {n}" for n in range(30, 50)]


async def test_a_process_that_has_ended_takes_no_words(tmp_path):
    async with child("pass", tmp_path, Heard()) as process:
        await process.wait()
        with pytest.raises(NoSessionError):
            await process.say("hello", uuid="u")
        assert await process.end() == 0


async def test_one_that_ends_while_words_wait_for_it_says_so(tmp_path):
    async with child("import time; time.sleep(0.3)", tmp_path, Heard()) as process:
        with pytest.raises(NoSessionError):
            await process.say("x" * 5_000_000, uuid="u")


async def test_one_that_heeds_no_signal_is_killed_in_time(tmp_path):
    heard = Heard()
    async with child(_STUBBORN, tmp_path, heard) as process:
        await heard.came(UnknownEvent)
        began = asyncio.get_running_loop().time()
        assert await process.end(grace_s=0.4) == -signal.SIGKILL
        assert asyncio.get_running_loop().time() - began < 4.0


async def test_the_signal_that_was_asked_for_is_sent(tmp_path):
    heard = Heard()
    program = 'import time\nprint(\'{"type": "up"}\', flush=True)\ntime.sleep(60)'
    async with child(program, tmp_path, heard) as process:
        await heard.came(UnknownEvent)
        assert await process.end(signal=signal.SIGHUP, grace_s=0.2) == -signal.SIGHUP


@pytest.mark.parametrize("is_in_group", [True, False])
async def test_a_child_that_holds_the_output_open_holds_nothing_up(tmp_path, is_in_group):
    heard = Heard()
    program = _LEAVES_A_CHILD % (not is_in_group)
    async with child(program, tmp_path, heard) as process:
        left = int((await heard.came(UnknownEvent)).uuid)
        async with asyncio.timeout(3):
            assert await process.end() == 0

    if is_in_group:
        await until(lambda: is_gone(left))
    else:
        os.kill(left, signal.SIGKILL)


async def test_the_blocks_own_error_comes_out_as_it_is_and_the_process_is_gone(tmp_path):
    pids: list[int] = []

    async def fail() -> None:
        async with child(_ECHO, tmp_path, Heard()) as process:
            pids.append(process.pid)
            raise NoSessionError("mine")

    with pytest.raises(NoSessionError, match="mine"):
        await fail()
    assert is_gone(pids[0])


async def test_a_listener_that_fails_ends_the_process_and_is_told(tmp_path):
    class Failing(Heard):
        def hear(self, event: StreamEvent) -> None:
            raise NoSessionError(event.kind)

    async def talk() -> None:
        async with child(_ECHO, tmp_path, Failing()) as process:
            await process.say("x", uuid="u")
            await process.wait()

    with pytest.raises(NoSessionError, match="heard"):
        await talk()


async def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path):
    with pytest.raises(ClaudeMissingError, match="cannot be started"):
        async with child("pass", tmp_path / "nowhere", Heard()):
            pass


def test_lines_are_cut_the_same_wherever_the_chunks_end():
    data = b"one\n\n" + b"y" * 50 + b"\nthree"
    for size in range(1, len(data) + 1):
        lines = LineReader(max_bytes=20)
        found = [
            line for at in range(0, len(data), size) for line in lines.feed(data[at : at + size])
        ]
        found += lines.finish()
        assert [line if isinstance(line, bytes) else line.size for line in found] == [
            b"one",
            50,
            b"three",
        ]
        assert isinstance(found[1], TooLong)
        assert found[1].beginning.startswith(b"y")


class _Hangs:
    """A model that answers at once, but for a prompt that says to wait."""

    def answer(self, request):
        return Turn(is_silent=True) if "wait" in request.user_text else Turn(text="Done.")


@pytest.mark.claude
@pytest.mark.parametrize("version", VERSIONS)
async def test_the_real_claude_is_spoken_to_interrupted_and_ended(version, tmp_path):
    binary = required_claude(version)
    home, project = tmp_path / "user", tmp_path / "project"
    project.mkdir()
    prepare_home(home, project)
    server = McpServer("mesh", (sys.executable, "-c", "import sys; sys.stdin.read()"), {})
    plan = SessionPlan(kind="headless", version=inspect_claude(binary).version, server=server)
    words = launch(plan, UserFlags()).arguments
    heard = Heard()

    async with serving(_Hangs()) as model:
        environment = session_environment(
            clean_environment(home), {**model_environment(model.url), "MCP_TIMEOUT": "500"}
        )
        async with HeadlessProcess.started(
            [str(binary), *words],
            environment=environment,
            folder=project,
            on_event=heard.hear,
            on_garbage=heard.garbage.append,
        ) as process:
            await process.say("hello", uuid="11111111-1111-4111-8111-111111111111")
            ended = await heard.came(TurnEnded, 20)
            assert (ended.text, (await heard.came(TurnBegan)).version) == ("Done.", version)

            await process.say("please wait", uuid="21111111-1111-4111-8111-111111111111")
            async with asyncio.timeout(20):
                await model.asked(lambda request: "wait" in request.user_text)
            await process.interrupt()
            await until(lambda: _count(heard, TurnEnded) == 2, 20)
            assert isinstance(await heard.came(RequestAnswered), RequestAnswered)

            # It ends with the status of its last turn, which was cut short.
            assert await process.end(grace_s=10) == 1
    assert heard.garbage == []


def _count(heard: Heard, kind: type[StreamEvent]) -> int:
    return sum(isinstance(event, kind) for event in heard.events)

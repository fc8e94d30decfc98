"""Whether Claude Code's own socket can be relied on: ``python -m tests.bench.native_spike 200``.

Messages go through a real ``meshbot serve`` into one interactive session that idles, works,
stands at a permission prompt, is cleared, and is killed and resumed. It passes when every message
is given to the model and named by an event before a turn ends well, and none comes twice without
being marked.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from meshbot_core.bootstrap.meshes import create_mesh
from meshbot_core.claude.flags import sorted_flags
from meshbot_core.claude.framing import framed, ids_in
from meshbot_core.claude.headless import McpServer
from meshbot_core.claude.hook_settings import CommandHook, HttpHook, SessionHooks
from meshbot_core.claude.hooks import Stop, UserPromptSubmit
from meshbot_core.claude.launch import Given, SessionPlan, launch, session_environment
from meshbot_core.claude.version import parse_version
from meshbot_core.demo.binaries import NEWEST, find_claude
from meshbot_core.demo.claude_home import clean_environment, model_environment, prepare_home
from meshbot_core.demo.model import ScriptedModel, serving
from meshbot_core.demo.script import Plan, Rule, ToolCall, Turn
from meshbot_core.host.session_api import PushEvent
from meshbot_core.mailbox.records import InboxMessage
from meshbot_core.types import new_id
from tests.claude_code.terminal import HookEndpoint, Terminal, hook_endpoint, on_terminal
from tests.mcp.scripted_host import ScriptedHost, scripted_host
from tests.support.waiting import until

AGAIN_AFTER_S = 35.0
"""Claude Code drops the same text within 30 s."""
TICK_S = 0.5
EVERY_S = 0.1
SEEN_LIMIT_S = 120.0
_TOKEN = "MESHBOT_HOOK_TOKEN"  # noqa: S105 - a variable's name, no secret

_WORK = Turn(calls=(ToolCall("Bash", {"command": "sleep 2", "description": "Work"}),))
_TOUCH = Turn(calls=(ToolCall("Bash", {"command": "touch made", "description": "Make"}),))
PLAN = Plan((Rule("workhard", (_WORK,) * 3), Rule("needsleave", (_TOUCH,))))


@dataclass(slots=True)
class Flight:
    """A frame on its way."""

    ids: frozenset[str]
    at_s: float


@dataclass(slots=True)
class Delivery:
    """What a host does about messages: batches, retries, and proof by the session's events."""

    host: ScriptedHost
    hooks: HookEndpoint
    messages: dict[str, InboxMessage] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    flights: dict[str, Flight] = field(default_factory=dict)
    tries: Counter[str] = field(default_factory=Counter)
    reports: Counter[str] = field(default_factory=Counter)
    is_open: bool = True
    _reports_read: int = 0

    @property
    def named(self) -> set[str]:
        """What events of the session named: they are on their way to the model."""
        prompts = (e.prompt for e in self.hooks.events if isinstance(e, UserPromptSubmit))
        return {message_id for prompt in prompts for message_id in ids_in(prompt)}

    @property
    def done(self) -> set[str]:
        """What was named before a turn of the same conversation ended well."""
        shown: defaultdict[str, set[str]] = defaultdict(set)
        done: set[str] = set()
        for event in self.hooks.events:
            if isinstance(event, UserPromptSubmit):
                shown[event.session_id].update(ids_in(event.prompt))
            elif isinstance(event, Stop):
                done |= shown.pop(event.session_id, set())
        return done

    def process_died(self) -> None:
        """All that no turn has ended with comes again."""
        self.flights.clear()
        self.waiting = [each for each in self.messages if each not in self.done]

    def add(self, phase: str, number: int) -> None:
        """A message came in."""
        now_ms = time.time_ns() // 1_000_000
        message_id = f"{phase}-{number}"
        self.messages[message_id] = InboxMessage(
            seq=number,
            id=message_id,
            sender="ops",
            kind="message",
            payload=f"text of {message_id}",
            reply_to=None,
            sent_at_ms=now_ms,
            received_at_ms=now_ms,
            state="leased",
            shown_count=0,
        )
        self.waiting.append(message_id)

    async def run(self) -> None:
        """Push until cancelled."""
        while True:
            await self._step()
            await asyncio.sleep(TICK_S)

    async def _step(self) -> None:
        named = self.named
        self._read_reports()
        for frame_id, flight in list(self.flights.items()):
            if flight.ids <= named:
                del self.flights[frame_id]
            elif time.monotonic() - flight.at_s > AGAIN_AFTER_S:
                self.give_back(frame_id)
        if self.waiting and self.is_open and self.host.watcher_count and len(self.flights) < 4:
            ids, self.waiting = self.waiting[:20], self.waiting[20:]
            await self._push(ids)

    async def _push(self, ids: Sequence[str]) -> None:
        chosen = [replace(self.messages[each], shown_count=self.tries[each]) for each in ids]
        self.tries.update(ids)
        frame_id = new_id()
        self.flights[frame_id] = Flight(frozenset(ids), time.monotonic())
        text = framed(chosen, now_ms=time.time_ns() // 1_000_000)
        await self.host.publish(PushEvent(frame_id=frame_id, text=text, sender_name="mesh@alpha"))

    def _read_reports(self) -> None:
        for report in self.host.reports[self._reports_read :]:
            self.reports[f"{report.state} {report.reason}".strip()] += 1
            if report.state != "written":
                self.give_back(report.frame_id)
        self._reports_read = len(self.host.reports)

    def give_back(self, frame_id: str) -> None:
        """That frame did not arrive: its messages are pushed again, marked."""
        if (flight := self.flights.pop(frame_id, None)) is not None:
            self.waiting = [*sorted(flight.ids - self.named), *self.waiting]


@dataclass(slots=True)
class Spike:
    """One session through all its phases."""

    folder: Path
    binary: Path
    model: ScriptedModel
    delivery: Delivery
    many: int
    lines: list[str] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def session(self, resume: str | None = None) -> AsyncIterator[Terminal]:
        """The interactive session, with its serve announced."""
        hooks = SessionHooks(
            events=HttpHook(self.delivery.hooks.url, _TOKEN), started=CommandHook("true")
        )
        words = ("-m", "meshbot_core.cli.main", "serve", "--as", "alpha")
        plan = SessionPlan(
            kind="interactive",
            version=parse_version(NEWEST),
            server=McpServer("mesh", (sys.executable, *words), {}),
            hooks=hooks,
        )
        flags = ["--permission-mode", "manual", "--allowedTools", "Bash(sleep:*)"]
        started = launch(plan, sorted_flags(flags), Given(), resume=resume)
        inherited = clean_environment(self.folder / "user") | model_environment(self.model.url)
        before = len(self.delivery.host.announced)
        async with on_terminal(
            self.binary,
            started.arguments,
            folder=self.folder / "project",
            environment=session_environment(inherited, {_TOKEN: "secret"}),
        ) as terminal:
            await until(lambda: len(self.delivery.host.announced) > before, 30)
            yield terminal

    async def phase(self, name: str, act: Callable[[], object] | None = None) -> None:
        """Let messages come in, ``act`` when half of them are there, and wait for the proof."""
        began_s, reports = time.monotonic(), self.delivery.reports.copy()
        for number in range(self.many):
            self.delivery.add(name, number)
            if act is not None and number == self.many // 2:
                act()
            await asyncio.sleep(EVERY_S)
        await self.settled(name, began_s, reports)

    async def settled(self, name: str, began_s: float, reports: Counter[str]) -> None:
        """Wait until every message of the phase was named by an event."""
        wanted = {f"{name}-{number}" for number in range(self.many)}
        with contextlib.suppress(TimeoutError):
            await until(lambda: wanted <= self.delivery.done, SEEN_LIMIT_S)
        missing = wanted - self.delivery.done
        again = sum(self.delivery.tries[each] - 1 for each in wanted)
        self.lines.append(
            f"{name}: {self.many - len(missing)}/{self.many} done, {again} tried again, "
            f"{time.monotonic() - began_s:.1f} s, {dict(self.delivery.reports - reports)}"
        )
        print(self.lines[-1], flush=True)  # noqa: T201 - its job

    async def play(self) -> None:
        """All phases, one after the other."""
        hooks, conversations = self.delivery.hooks, []
        async with self.session() as terminal:
            await self.phase("idle")
            await terminal.type("workhard")
            await hooks.came("PreToolUse")
            await self.phase("working")
            await until(lambda: len(hooks.named("PostToolUse")) >= 3, 30)
            await terminal.type("needsleave")
            await hooks.came("PermissionRequest")
            loop = asyncio.get_running_loop()
            await self.phase("prompt", lambda: loop.call_later(3, terminal.press, "\r"))
            await self.phase("clear", lambda: terminal.press("/clear\r"))
            conversations = [event.session_id for event in hooks.events if event.session_id]
            terminal.press("workhard again")
            await until(lambda: "workhardagain" in terminal.text, 10)
            terminal.press("\r")
            calls = len(hooks.named("PreToolUse"))
            await hooks.came("PreToolUse", count=calls + 1)
            began_s, reports = time.monotonic(), self.delivery.reports.copy()
            for number in range(self.many):
                self.delivery.add("killed", number)
                if number == self.many // 2:
                    self.delivery.is_open = False
                    os.kill(terminal.process.pid, signal.SIGKILL)
                await asyncio.sleep(EVERY_S)
        self.delivery.process_died()
        async with self.session(conversations[-1]):
            self.delivery.is_open = True
            await self.settled("killed", began_s, reports)

    def unmarked_twice(self) -> list[str]:
        """Messages that the model read more than once without being told so."""
        most: Counter[str] = Counter()
        for request in self.model.requests:
            text = "\n".join(block.text for message in request.messages for block in message.blocks)
            for message_id in self.delivery.messages:
                heads = text.split(f'id="{message_id}" ')[1:]
                plain = sum("shownBefore" not in head.split("\n", 1)[0] for head in heads)
                most[message_id] = max(most[message_id], plain)
        return [message_id for message_id, count in most.items() if count > 1]

    def unread(self) -> list[str]:
        """Messages that the model was never given."""
        bodies = "\n".join(
            block.text
            for request in self.model.requests
            for message in request.messages
            for block in message.blocks
        )
        return [each for each in self.delivery.messages if f"text of {each}\n" not in bodies]


async def run(total: int) -> bool:
    """Play with ``total`` messages; whether all went well."""
    binary = find_claude(NEWEST)
    if binary is None:
        raise SystemExit(f"claude {NEWEST} is missing; fetch it with: make claude")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["MESHBOT_HOME"] = str(folder)
        (folder / "project").mkdir()
        prepare_home(folder / "user", folder / "project")
        agent = create_mesh("default", home=folder).agent("alpha")
        async with (
            serving(PLAN) as model,
            hook_endpoint() as hooks,
            scripted_host(agent) as host,
            asyncio.TaskGroup() as group,
        ):
            delivery = Delivery(host, hooks)
            spike = Spike(folder, binary, model, delivery, max(1, total // 5))
            pushing = group.create_task(delivery.run())
            await spike.play()
            pushing.cancel()
        return _told(spike)


def _told(spike: Spike) -> bool:
    lost = sorted(set(spike.delivery.messages) - spike.delivery.done)
    outcome = {
        "messages": len(spike.delivery.messages),
        "frames": sum(spike.delivery.reports.values()),
        "never done": lost,
        "never in a request": spike.unread(),
        "twice without a mark": spike.unmarked_twice(),
        "tried again": sum(count - 1 for count in spike.delivery.tries.values()),
    }
    print(json.dumps(outcome))  # noqa: T201 - its job
    faults = ("never done", "never in a request", "twice without a mark")
    return not any(outcome[fault] for fault in faults)


if __name__ == "__main__":
    raise SystemExit(0 if asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else 200)) else 1)

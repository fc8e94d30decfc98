"""Messages keep coming to a session while its processes are killed: what must hold.

Played by tests and, for longer, by ``make bench``.
"""

import asyncio
import contextlib
import os
import random
import re
import signal
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Literal

import psutil

from meshbot_core.claude.headless import ContentBlock
from meshbot_core.demo.script import ModelRequest, Turn, call, say
from meshbot_core.host.client import HostClient
from meshbot_core.session.records import Limits
from tests.sessions.agents import Agent, Agents
from tests.support.processes import is_gone
from tests.support.waiting import until

Victim = Literal["claude", "serve", "waiter", "host"]
VICTIMS: Final[tuple[Victim, ...]] = ("claude", "serve", "waiter", "host")

_PACE_S: Final = 0.08
_BACK_LIMIT_S: Final = 45.0
_NO_LIMITS: Final = Limits(messages_per_minute=None, turns_per_hour=None, hops=None)
_PUSHED: Final = re.compile(
    r'\btype=\w+ from="ops" age=\w+(?P<mark> shownBefore=true)?[^\n\[]*\[begin (?P<word>\w+)\] '
    r'.*?\n\[end (?P=word)\] id="(?P<id>[\w-]+)"',
    re.DOTALL,
)
_BESIDE_RESULT: Final = re.compile(
    r'\{"id":"(?P<id>[\w-]+)","from":"ops",[^{}]*?(?P<mark>"shownBefore":true)?[^{}]*?\}'
)


class ToolThenDone:
    """A model that calls a tool of the mesh in each turn: messages come beside results too."""

    def answer(self, request: ModelRequest) -> Turn:
        """One call while there is that tool, and the turn is over."""
        is_there = any(name.endswith("list_agents") for name in request.tool_names)
        return say("Done.") if request.results or not is_there else call("list_agents")


@dataclass(slots=True)
class Shown:
    """How each message was headed whenever a model was shown it."""

    plain: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    marked: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    repeated: set[str] = field(default_factory=set)
    _read: int = 0

    def read(self, requests: list[ModelRequest]) -> None:
        """Read what came since the last time.

        A message that was pushed keeps its heading, age and all, for as long as it stands in the
        conversation; shown again, to another claude at the earliest, it is of another age. One
        beside a tool's result is known by that call.
        """
        for request in requests[self._read :]:
            seen: Counter[str] = Counter()
            for message in request.messages:
                for block in message.blocks:
                    seen.update(self._read_block(block))
            self.repeated |= {each for each, count in seen.items() if count > 1}
        self._read = len(requests)

    def _read_block(self, block: ContentBlock) -> list[str]:
        text = "\n".join((block.text, *block.texts()))
        found = [*_PUSHED.finditer(text), *_BESIDE_RESULT.finditer(text)]
        for head in found:
            kind = self.marked if head["mark"] else self.plain
            kind[head["id"]].add(f"{block.tool_use_id} {head[0]}")
        return [f"{block.tool_use_id} {head[0]}" for head in found]

    def __contains__(self, message_id: str) -> bool:
        return message_id in self.plain or message_id in self.marked

    @property
    def unmarked(self) -> set[str]:
        """Messages that came twice without a mark."""
        return {each for each, heads in self.plain.items() if len(heads) > 1} | self.repeated


@dataclass(slots=True)
class KillRounds:
    """One agent with a session, one that writes to it, and what was seen of both."""

    agents: Agents
    dev: Agent
    ops: HostClient
    dice: random.Random
    acknowledged: list[str] = field(default_factory=list)
    shown: Shown = field(default_factory=Shown)
    _killed: set[int] = field(default_factory=set)
    back_s: dict[Victim, list[float]] = field(default_factory=lambda: defaultdict(list))

    @property
    def lost(self) -> set[str]:
        """Messages that the sender was promised, and the model never saw."""
        return {each for each in self.acknowledged if each not in self.shown}

    async def play(self, victim: Victim) -> None:
        """Kill once, at some moment; return when the session reads again."""
        await self._has_budget()
        await self._comes_to_read(len(self.acknowledged))
        await self._some_moment()
        pid = await self._pid_of(victim)
        began_s = time.perf_counter()
        os.kill(pid, signal.SIGKILL)
        self._killed.add(pid)
        await until(lambda: is_gone(pid))
        await self._comes_to_read(len(self.acknowledged))
        await self._pid_of("serve")
        self.back_s[victim].append(time.perf_counter() - began_s)

    async def _has_budget(self) -> None:
        """A session that crashed as often as it may is started anew by a person."""
        if (await self.dev.view()).restarts_left < 2:
            await self.dev.sessions.stop(timeout_s=5.0)
            await self.dev.sessions.start(self.dev.options)

    async def _some_moment(self) -> None:
        """Let some messages come, and sometimes the turn begin that reads them."""
        enough = len(self.acknowledged) + self.dice.randrange(1, 8)
        await until(lambda: len(self.acknowledged) >= enough, _BACK_LIMIT_S)
        if self.dice.random() < 0.5:
            before = len(self.dev.model.requests)
            await until(lambda: len(self.dev.model.requests) > before, _BACK_LIMIT_S)

    async def _pid_of(self, victim: Victim) -> int:
        found: list[int] = []

        async def look() -> bool:
            status = await self.dev.client.status()
            claude = status.session.pid if status.session else None
            if victim == "host":
                found.append(status.pid)
            elif claude is not None and victim == "claude":
                found.append(claude)
            elif claude is not None and victim == "serve":
                found.extend(each.pid for each in status.clients if each.kind == "serve")
            elif claude is not None:
                found.extend(_waiters_of(claude))
            return any(each not in self._killed for each in found)

        await self._awaits(look, f"no {victim} came back")
        return next(each for each in reversed(found) if each not in self._killed)

    async def _comes_to_read(self, number: int) -> None:
        """Wait until the model was shown a message that was written after ``number`` others."""

        async def look() -> bool:
            self.shown.read(self.dev.model.requests)
            return any(each in self.shown for each in self.acknowledged[number:])

        await self._awaits(look, "it does not read")

    async def _awaits(self, look: Callable[[], Awaitable[bool]], otherwise: str) -> None:
        try:
            await until(look, _BACK_LIMIT_S)
        except TimeoutError:
            status = await self.dev.client.status()
            raise AssertionError(f"{otherwise}: {status}\n{self.dev.log}") from None

    async def write(self) -> None:
        """Let ops write until cancelled; what ``send`` returns for is promised."""
        while True:
            text = f"note {len(self.acknowledged)}"
            sent = await self.ops.send(to="dev", message=text, wait=False)
            self.acknowledged.append(sent.id)
            await asyncio.sleep(_PACE_S)

    async def settled(self) -> None:
        """Wait until everything that was written has been read."""

        async def look() -> bool:
            self.shown.read(self.dev.model.requests)
            return not self.lost

        with contextlib.suppress(TimeoutError):
            await until(look, _BACK_LIMIT_S)
        await self.dev.has_read_all(limit_s=_BACK_LIMIT_S)


@asynccontextmanager
async def rounds(
    agents: Agents, ops: HostClient, version: str, *, seed: int = 0
) -> AsyncIterator[KillRounds]:
    """A session with messages coming for as long as the block runs, and all read after it."""
    agents.keeps_environment = True  # the host that comes next must find the scripted model
    dev = await agents.start("dev", ToolThenDone(), version, limits=_NO_LIMITS)
    await dev.has_tools()
    dice = random.Random(seed)  # noqa: S311 - moments, no secrets
    played = KillRounds(agents, dev, ops, dice)
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(played.write())
        yield played
        writing.cancel()
    await played.settled()


def _waiters_of(claude: int) -> list[int]:
    """The waiters that claude started."""
    found = []
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(claude).children(recursive=True):
            with contextlib.suppress(psutil.Error):  # hooks come and go
                if "wait" in child.cmdline():
                    found.append(child.pid)
    return found

"""Rounds of starts and kill -9 under the real claude: ``python -m tests.bench.thin_serve 50``.

Decision 10 stands on this: ``meshbot serve`` starts a detached host by double fork, and whatever
is killed, there is exactly one host, nothing of it is left 12 s after the last client, and
nothing that was acknowledged is lost.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from meshbot_core.bootstrap.meshes import create_mesh
from meshbot_core.claude.headless import McpServer, ToolAnswered
from meshbot_core.demo.agent import serve_command
from meshbot_core.demo.binaries import VERSIONS, find_claude
from meshbot_core.demo.claude_home import prepare_home
from meshbot_core.demo.model import ScriptedModel, serving
from meshbot_core.demo.script import ModelRequest, Plan, Rule, Turn, call
from meshbot_core.demo.session import Session, SessionGoneError, running
from meshbot_core.demo.stdio_client import ServerGoneError, StdioClient, connected
from meshbot_core.errors import MeshError, UnknownPeerError
from meshbot_core.host.client import HostClient
from meshbot_core.host.owner import owner_pid
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mailbox.reader import MailboxReader
from meshbot_core.mesh.paths import AgentPaths

GONE_LIMIT_S = 12.0
SETTLE_LIMIT_S = 8.0
TURN_LIMIT_S = 40.0
SENDS_A_TURN = 5
CLAUDES = 2


def send_next(request: ModelRequest) -> Turn:
    return call("send_message", to="ops", message=f"{request.user_text} {len(request.results)}")


PLAN = Plan((Rule("send", (send_next,) * SENDS_A_TURN),))


@dataclass(slots=True)
class Round:
    """One round, as it goes."""

    dev: AgentPaths
    ops: HostClient
    dice: random.Random
    sessions: list[Session] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    promised: set[str] = field(default_factory=set)
    delivered: set[str] = field(default_factory=set)
    gone_after_s: float = 0.0
    kills: list[str] = field(default_factory=list)

    def hosts(self) -> Iterator[psutil.Process]:
        """Every process that is a host of ``dev``."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                words = process.cmdline()
                is_host = "meshbot_core.host" in words and str(self.dev.mesh.home) in words
                if is_host and "dev" in words and process.status() != psutil.STATUS_ZOMBIE:
                    yield process

    # -- what is done

    async def turns(self, bare: StdioClient, tag: str) -> None:
        """Every living session and the bare MCP client send some messages."""
        async with asyncio.TaskGroup() as group:
            for number, session in enumerate(self.sessions):
                group.create_task(self._turn(session, f"send {tag}{number}"))
            group.create_task(self._bare_turn(bare, tag))

    async def _turn(self, session: Session, text: str) -> None:
        try:
            async with asyncio.timeout(TURN_LIMIT_S):
                await session.turn(text)
        except SessionGoneError:
            pass
        except TimeoutError:
            # A claude whose MCP server was killed may take its time; that is its own affair.
            if serves_of(session.process.pid):
                self.faults.append(f"{text!r} hung")

    async def _bare_turn(self, bare: StdioClient, tag: str) -> None:
        with contextlib.suppress(ServerGoneError):
            for number in range(SENDS_A_TURN):
                arguments = {"to": "ops", "message": f"{tag}bare {number}"}
                texts, is_error = await bare.call("send_message", arguments)
                if not is_error:
                    self.promised.add(json.loads(texts[0])["messageId"])

    async def write_to_dev(self) -> None:
        """Let ops write to dev all the time; note what dev's host said it has."""
        number = 0
        while True:
            number += 1
            with contextlib.suppress(UnknownPeerError):
                sent = await self.ops.send(to="dev", message=f"to dev {number}")
                if sent.state == "delivered":
                    self.delivered.add(sent.id)
            await asyncio.sleep(0.1)

    def kill(self, what: str) -> None:
        """Kill -9 a host, the serve of a claude, or a claude."""
        self.kills.append(what)
        if what == "host":
            targets = list(self.hosts())
        else:
            claude = self.dice.choice(self.sessions).process.pid
            targets = [psutil.Process(claude)] if what == "claude" else serves_of(claude)
        for target in targets:
            with contextlib.suppress(psutil.Error):
                target.kill()

    def kill_everything(self, bare: StdioClient) -> None:
        """All serves and all claudes at once; the host is left alone with nobody."""
        serves = [serve for session in self.sessions for serve in serves_of(session.process.pid)]
        for pid in [*(serve.pid for serve in serves), bare.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for session in self.sessions:
            session.kill()

    # -- what must hold

    async def settled(self, when: str) -> None:
        """There is one host, it is the one that host.json names, and it answers."""
        try:
            async with asyncio.timeout(SETTLE_LIMIT_S):
                while not await self._is_settled():  # noqa: ASYNC110 - strangers tell nothing
                    await asyncio.sleep(0.05)
        except TimeoutError:
            found = [process.pid for process in self.hosts()]
            self.faults.append(f"{when}: hosts {found}, host.json says {owner_pid(self.dev)}")

    async def _is_settled(self) -> bool:
        found = [process.pid for process in self.hosts()]
        if len(found) != 1 or found != [owner_pid(self.dev)]:
            return False
        try:
            async with HostClient.connected(self.dev, kind="test") as client:
                return (await client.status()).pid == found[0]
        except MeshError:
            return False

    async def gone(self) -> None:
        """Nothing of the host is left in time."""
        began_s = time.monotonic()
        while left := self._left():
            if time.monotonic() - began_s > GONE_LIMIT_S:
                self.faults.append(f"left after {GONE_LIMIT_S:.0f} s: {left}")
                break
            await asyncio.sleep(0.05)
        self.gone_after_s = time.monotonic() - began_s

    def _left(self) -> list[str]:
        left = [f"host {process.pid}" for process in self.hosts()]
        return left + [str(path) for path in (self.dev.host_json, self.dev.socket) if path.exists()]

    async def nothing_lost(self) -> None:
        """What was acknowledged either way is in the mailbox of its receiver, once."""
        for session in self.sessions:
            self.promised |= promised_to(session)
        rows = await self.ops.journal(limit=1000)
        at_ops = [row.id for row in rows if row.direction == "in"]
        with MailboxReader.opened(self.dev.mailbox) as reader:
            at_dev = [row.id for row in reader.journal(limit=5000) if row.direction == "in"]
        self._compare("dev to ops", self.promised, at_ops)
        self._compare("ops to dev", self.delivered, at_dev)

    def _compare(self, way: str, wanted: set[str], there: list[str]) -> None:
        if missing := wanted - set(there):
            self.faults.append(f"{way}: lost {sorted(missing)}")
        if len(there) != len(set(there)):
            self.faults.append(f"{way}: a message is there twice")


def serves_of(claude_pid: int) -> list[psutil.Process]:
    """The ``meshbot serve`` processes that a claude started."""
    with contextlib.suppress(psutil.Error):
        children = psutil.Process(claude_pid).children(recursive=True)
        return [child for child in children if "serve" in child.cmdline()]
    return []


def promised_to(session: Session) -> set[str]:
    """The ids of messages that a session was told to be delivered or kept."""
    answers = [event for event in session.events if isinstance(event, ToolAnswered)]
    found: set[str] = set()
    for answer in answers:
        if not answer.is_error:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                found.add(json.loads(answer.parts[0])["messageId"])
    return found


async def play(binary: Path, folder: Path, seed: int) -> Round:
    """Play one round in ``folder``."""
    mesh = create_mesh("default", home=folder)
    spawn = SpawnOptions()
    async with (
        HostClient.connected(mesh.agent("ops"), kind="test", spawn=spawn, present=True) as ops,
        serving(PLAN) as model,
    ):
        dice = random.Random(seed)  # noqa: S311 - rounds, no secrets
        played = Round(mesh.agent("dev"), ops, dice)
        async with AsyncExitStack() as stack:
            await _killing(played, stack, binary, folder, model)
        await played.gone()
        await played.nothing_lost()
    return played


async def _killing(
    played: Round, stack: AsyncExitStack, binary: Path, folder: Path, model: ScriptedModel
) -> None:
    server = McpServer("mesh", serve_command("dev"), {"MESHBOT_HOME": str(folder)})
    for number in range(CLAUDES):
        home, project = folder / f"home{number}", folder / f"work{number}"
        project.mkdir()
        prepare_home(home, project)
        session = running(binary, server, home=home, folder=project, model_url=model.url)
        played.sessions.append(await stack.enter_async_context(session))
    bare = await stack.enter_async_context(connected(server, os.environ))
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(played.write_to_dev())
        await played.turns(bare, "start")
        await played.settled("after the start")
        victims = ["serve", "claude", "host", "host"]
        played.dice.shuffle(victims)
        for victim in victims:
            turns = group.create_task(played.turns(bare, victim))
            await asyncio.sleep(played.dice.uniform(0.0, 0.3))
            played.kill(victim)
            await turns
            await played.settled(f"after the kill of a {victim}")
        writing.cancel()
    if played.dice.random() < 0.5:
        played.kills.append("everything")
        played.kill_everything(bare)


async def played_rounds(rounds: int, at_once: int = 2) -> list[Round]:
    """Play ``rounds``, a line each."""
    slots = asyncio.Semaphore(at_once)
    versions = [version for version in VERSIONS if find_claude(version)]

    async def one(seed: int) -> Round:
        version = versions[seed % len(versions)]
        async with slots:
            with tempfile.TemporaryDirectory(prefix="meshbot-bench-") as folder:
                binary = find_claude(version)
                assert binary is not None
                played = await play(binary, Path(folder), seed)
        print(told(seed, version, played), flush=True)  # noqa: T201 - its job
        return played

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(seed)) for seed in range(rounds)]
    return [task.result() for task in tasks]


def run(rounds: int = 4) -> dict[str, float]:
    """Some rounds as figures; nothing where the real claude was not fetched."""
    if not any(find_claude(version) for version in VERSIONS):
        return {}
    results = asyncio.run(played_rounds(rounds))
    return {
        "rounds": len(results),
        "kills": sum(len(played.kills) for played in results),
        "acknowledged": sum(len(played.promised | played.delivered) for played in results),
        "rounds with faults": sum(bool(played.faults) for played in results),
        "longest end s": max(played.gone_after_s for played in results),
    }


def main() -> int:
    """Play as many rounds as the argument says; 0 when nothing went wrong in any."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    results = asyncio.run(played_rounds(rounds))
    print(summary(results))  # noqa: T201 - its job
    return 1 if any(played.faults for played in results) else 0


def told(seed: int, version: str, played: Round) -> str:
    """One round in a line."""
    return (
        f"{seed:3} claude {version} killed {'+'.join(played.kills)}: "
        f"{len(played.promised)} out, {len(played.delivered)} in, "
        f"gone after {played.gone_after_s:.1f} s {played.faults or 'well'}"
    )


def summary(results: Sequence[Round]) -> str:
    """All rounds in a line."""
    return (
        f"{len(results)} rounds, {sum(len(played.kills) for played in results)} kills, "
        f"{sum(len(played.promised) for played in results)} messages out, "
        f"{sum(len(played.delivered) for played in results)} in, "
        f"longest end {max(played.gone_after_s for played in results):.1f} s, "
        f"{sum(bool(played.faults) for played in results)} rounds with faults"
    )


if __name__ == "__main__":
    raise SystemExit(main())

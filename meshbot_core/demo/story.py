"""The scenes of the demonstration, and what must be true after each."""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.claude.headless import ToolAnswered
from meshbot_core.demo.agent import Agent, on_stage
from meshbot_core.demo.checks import Check
from meshbot_core.demo.plans import DEV, NOTES, PROD_OPS, note
from meshbot_core.demo.script import ModelRequest
from meshbot_core.demo.stage import Stage, ended
from meshbot_core.errors import UnknownPeerError
from meshbot_core.host.api import JournalRow

STORY_LIMIT_S: Final = 55.0
_LOOK_S: Final = 0.05
_NOTES_BEFORE_KILL: Final = 3


@dataclass(slots=True)
class Story:
    """The play; ``checks`` fill as it goes."""

    stage: Stage
    checks: list[Check] = field(default_factory=list)
    _to_dev: list[JournalRow] = field(default_factory=list)
    _to_ops: list[JournalRow] = field(default_factory=list)

    async def play(self) -> None:
        """Play all scenes; raises TimeoutError when one does not come to its end."""
        async with asyncio.timeout(STORY_LIMIT_S):
            async with on_stage(self.stage, "dev", DEV, self._to_dev) as dev:
                async with on_stage(self.stage, "prod-ops", PROD_OPS, self._to_ops) as ops:
                    await _know_each_other(dev, ops)
                    await self._a_message(dev, ops)
                    await self._an_ask(dev)
                    await self._a_broadcast(dev, ops)
                    host_pid = self.stage.note_host(ops.paths)
                kept = await self._while_down(dev, host_pid)
                async with on_stage(self.stage, "prod-ops", PROD_OPS, self._to_ops) as ops:
                    await self._back_again(ops, kept)
                    await self._a_killed_host(dev, ops)
                    await self._nothing_missing(dev, ops)
            await self.stage.hosts_gone()

    async def _a_message(self, dev: Agent, ops: Agent) -> None:
        self.stage.printer.heading("A message")
        ids = _message_ids(await dev.told("Tell prod-ops that it is built."))
        for message_id in ids:
            await ops.has(_id_is(message_id))
        self._check("a message", len(ids) == 1, "it is in prod-ops' mailbox")

    async def _an_ask(self, dev: Agent) -> None:
        self.stage.printer.heading("A question, and its answer")
        began_s = asyncio.get_running_loop().time()
        told = await dev.told("Ask prod-ops whether you may.")
        took_s = asyncio.get_running_loop().time() - began_s
        answer = await dev.has(lambda row: row.kind == "response")
        is_heard = answer.text in "".join(part for result in told for part in result.parts)
        self._check("an ask with its answer", is_heard, f"answered after {took_s:.1f} s")

    async def _a_broadcast(self, dev: Agent, ops: Agent) -> None:
        self.stage.printer.heading("A broadcast")
        await ops.told("Tell everyone that the canary is yours.")
        row = await dev.has(lambda row: row.kind == "message" and row.peer == "prod-ops")
        self._check("a broadcast", bool(row.text), "it is in dev's mailbox")

    async def _while_down(self, dev: Agent, host_pid: int) -> list[str]:
        """The ids of what was sent to prod-ops while it was away."""
        printer = self.stage.printer
        printer.heading("A message to an agent that is down")
        await ended(host_pid)
        printer.happening(f"prod-ops is gone: its claude ended, and its host {host_pid} with it")
        told = await dev.told("Leave word for prod-ops.")
        answer = _first_answer(told)
        is_kept = answer.get("queued") is True and answer.get("delivered") is False
        printer.happening(f"dev is told that its message is kept ({answer.get('reason')})")
        self._check("a message to an agent that is down", is_kept, "kept on disk and tried again")
        return _message_ids(told)

    async def _back_again(self, ops: Agent, kept: list[str]) -> None:
        self.stage.printer.happening("prod-ops is up again")
        for message_id in kept:
            await ops.has(_id_is(message_id))
        self._check("... that arrives when it is up", bool(kept), "it came by itself")

    async def _a_killed_host(self, dev: Agent, ops: Agent) -> None:
        printer = self.stage.printer
        printer.heading("A host killed with -9 in mid-conversation")
        before = self.stage.note_host(ops.paths)
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(dev.told("Send your notes to prod-ops."))
            await ops.has(lambda row: row.text == note(_NOTES_BEFORE_KILL))
            os.kill(before, signal.SIGKILL)
            printer.happening(f"kill -9 {before}: prod-ops has no host")
        ids = _message_ids(sending.result())
        for message_id in ids:
            await ops.has(_id_is(message_id))
        after = self.stage.note_host(ops.paths)
        printer.happening(f"prod-ops' MCP server had started another host, {after}")
        for number in range(1, NOTES + 1):
            await ops.model.asked(_tells(note(number)))
        printer.happening("prod-ops has read them all")
        is_well = len(ids) == NOTES and before != after
        self._check(
            "a host killed with -9", is_well, f"{len(ids)} of {NOTES} notes arrived and were read"
        )

    async def _nothing_missing(self, dev: Agent, ops: Agent) -> None:
        """Compare both mailboxes by message id: all that was sent is there, once."""
        for sender, receiver in ((dev, ops), (ops, dev)):
            await sender.delivered_all()
            sent = [row for row in await sender.history() if row.direction == "out"]
            there = [row.id for row in await receiver.history() if row.direction == "in"]
            well = [row for row in sent if row.state == "delivered" and there.count(row.id) == 1]
            detail = f"{len(well)} of {len(sent)} message ids are there, each once"
            names = f"{sender.paths.agent} → {receiver.paths.agent}"
            self._check(f"nothing missing, {names}", bool(sent) and well == sent, detail)

    def _check(self, what: str, is_well: bool, detail: str) -> None:
        self.checks.append(Check(what, is_well, detail))


async def _know_each_other(dev: Agent, ops: Agent) -> None:
    """Both registered themselves in the mesh; wait until each has noticed the other."""
    for one, other in ((dev, ops), (ops, dev)):
        is_online = False
        while not is_online:
            try:
                is_online = (await one.client.peer(other.paths.agent)).is_online
            except UnknownPeerError:
                await asyncio.sleep(_LOOK_S)


def _id_is(message_id: str) -> Callable[[JournalRow], bool]:
    return lambda row: row.id == message_id


def _tells(text: str) -> Callable[[ModelRequest], bool]:
    return lambda request: any(text in result.text for result in request.results)


def _message_ids(told: Sequence[ToolAnswered]) -> list[str]:
    """The ids that the session was told for what it sent."""
    answers = [json.loads(result.parts[0]) for result in told if not result.is_error]
    return [answer["messageId"] for answer in answers if "messageId" in answer]


def _first_answer(told: Sequence[ToolAnswered]) -> dict[str, object]:
    found = json.loads(told[0].parts[0]) if told else {}
    return found if isinstance(found, dict) else {}

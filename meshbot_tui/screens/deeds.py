"""What a person wants done: the dialogs it takes, what goes on, and what came of it."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshbot_core.clients.fleet import FleetWork, take_down
from meshbot_core.clients.fleet_file import Fleet, read_fleet
from meshbot_core.clients.looks import side_by_side
from meshbot_core.clients.text import prose
from meshbot_core.errors import (
    ApprovalDecidedError,
    MeshError,
    NoSuchApprovalError,
    NoSuchMessageError,
    SessionRunningError,
)
from meshbot_core.host.api import SendResult
from meshbot_core.mesh.paths import AgentPaths, MeshPaths, open_mesh
from meshbot_core.session.records import Verdict
from meshbot_core.types import checked_name
from meshbot_tui.connections.actions import Actions
from meshbot_tui.connections.memory import StartForm
from meshbot_tui.connections.reasons import reason_of
from meshbot_tui.model.compose import Draft
from meshbot_tui.model.journal import MessageRow
from meshbot_tui.model.picture import Severity
from meshbot_tui.model.wording import in_console
from meshbot_tui.screens.fleet import FleetDialog
from meshbot_tui.screens.forms import first_form, form_of, lacking, options_of
from meshbot_tui.screens.question import Question
from meshbot_tui.screens.stage import Stage
from meshbot_tui.screens.start import StartDialog

_SHOWN_CHARS: Final = 300


@dataclass(frozen=True, slots=True)
class Deeds:
    """Each of them ends in a word to the person, whatever becomes of it."""

    stage: Stage
    actions: Actions

    async def tried(
        self, deed: Coroutine[object, object, None], what: str, agent: str = ""
    ) -> None:
        """Do it; a failure is told with what to do about it."""
        try:
            await deed
        except MeshError as error:
            self.stage.tell(f"{what}: {reason_of(error)}", "error", agent)

    # -- agents

    async def start(self, name: str = "") -> None:
        """Ask what is to be started, and start it; ``name`` as it was, in its conversation."""
        kept = self.stage.remembered
        agent = self.stage.picture.agents.get(name)
        first = first_form(name, kept, agent.view if agent is not None else None)
        form = await self.stage.ask_person(
            StartDialog(kept.forms, first, self._check, self._advice)
        )
        if form is None:
            return
        self.stage.remember(self.stage.remembered.with_form(form))
        advice = await self._advice(form)
        severity: Severity = "warning" if advice else "note"
        how = f"starts; {advice}" if advice else "starts ..."
        self.stage.tell(f'"{form.name}" {how}', severity, form.name)
        self.stage.look_for(form.name)
        view = await self.actions.start(form.name, options_of(form))
        if view.is_over:
            why = view.reason or view.state
            self.stage.tell(f'"{form.name}" ended at once: {why}', "error", form.name)
        else:
            self.stage.tell(f'"{form.name}" runs ({view.kind}, pid {view.pid})', agent=form.name)

    async def _check(self, form: StartForm) -> None:
        """Let pass what can be started.

        Raises:
            MeshError: It cannot be, and why.
            ValueError: The flags are not quoted well.
        """
        checked_name(form.name)
        if form.name in self._busy():
            raise SessionRunningError(f'"{form.name}" runs', hint="another name, or stop it first")
        await self.actions.check_name(form.name)
        await self.actions.check(options_of(form))

    async def _advice(self, form: StartForm) -> str:
        advice = (lacking(form, os.environ), await self.actions.advice(options_of(form)))
        return "; ".join(each for each in advice if each)

    def _keep(self, form: StartForm) -> None:
        kept = self.stage.remembered
        self.stage.remember(kept.with_form(form, last_form=kept.last_form))

    def _busy(self) -> frozenset[str]:
        agents = self.stage.picture.agents.values()
        return frozenset(a.name for a in agents if a.view is not None and a.can_ask)

    async def stop(self, name: str) -> None:
        """End an agent's session, when the person is sure."""
        if await self.stage.ask_person(
            Question(f'Stop "{name}"? Its session ends; what comes for it waits.', "stop it")
        ):
            self.stage.tell(f'"{name}" is being stopped ...', agent=name)
            with contextlib.suppress(MeshError):
                if (ran := await self.actions.session_of(name)) is not None:
                    self._keep(form_of(name, *ran))
            await self.actions.stop(name)
            self.stage.tell(f'"{name}" is stopped', agent=name)

    async def restart(self, name: str) -> None:
        """End claude and start it again; or start what does not run as it was.

        A session whose host is gone goes on in a new one.
        """
        if (agent := self.stage.picture.agents.get(name)) is not None and agent.is_gone:
            self.stage.tell(f'"{name}" is being brought back ...', agent=name)
            if await self.actions.bring_back(name):
                self.stage.tell(f'"{name}" goes on, in its conversation', agent=name)
                return
        if name not in self._busy():
            await self.start(name)
            return
        self.stage.tell(f'"{name}" is being started again ...', agent=name)
        await self.actions.restart(name)
        self.stage.tell(f'"{name}" is started again, in its conversation', agent=name)

    async def resume(self, name: str) -> None:
        """Let an agent go on that went past a limit."""
        was_paused = await self.actions.resume(name)
        how = "goes on" if was_paused else "was not paused"
        self.stage.tell(f'"{name}" {how}', agent=name)

    async def forget(self, name: str) -> None:
        """Put a stopped agent aside, when the person is sure."""
        if await self.stage.ask_person(
            Question(
                f'Forget "{name}"? It leaves the mesh, and its messages are put aside.', "forget it"
            )
        ):
            place = await self.actions.forget(name)
            self.stage.tell(f'"{name}" is forgotten; its messages lie in {place}')

    async def fleet(self) -> None:
        """Bring the agents of a fleet file up, or down."""
        choice = await self.stage.ask_person(FleetDialog(self.stage.remembered.fleet))
        if choice is None:
            return
        kept = self.stage.remembered
        self.stage.remember(kept.model_copy(update={"fleet": choice.path}))
        fleet = await asyncio.to_thread(_fleet_at, choice.path)
        mesh = await asyncio.to_thread(_mesh_of, fleet, self.actions.mesh)
        if mesh != self.actions.mesh:
            self.stage.tell(
                f'the agents of {choice.path} are on mesh "{mesh.mesh}", not on this one', "warning"
            )
        act = FleetWork(fleet, mesh, dict(os.environ)).bring_up if choice.is_up else take_down
        await side_by_side([mesh.agent(name) for name in fleet.agents], self._told(act))

    def _told(
        self, act: Callable[[AgentPaths], Awaitable[str]]
    ) -> Callable[[AgentPaths], Awaitable[None]]:
        async def told(agent: AgentPaths) -> None:
            try:
                what = in_console(await act(agent))
                self.stage.tell(f'"{agent.agent}" {what}', agent=agent.agent)
            except MeshError as error:
                self.stage.tell(f'"{agent.agent}": {reason_of(error)}', "error", agent.agent)

        return told

    # -- messages

    async def say(self, draft: Draft) -> None:
        """Say what was written in the compose line."""
        match draft.way:
            case "send":
                self._told_of(await self.actions.send(draft.to, draft.text))
            case "ask":
                asked = await self.actions.ask(draft.to, draft.text)
                is_lost = asked.delivery == "failed"
                how = (
                    f"failed: {asked.reason}" if is_lost else "asked; the answer comes as a message"
                )
                self.stage.tell(f'"{asked.to}" {how}', "error" if is_lost else "note", asked.to)
            case "broadcast":
                for result in await self.actions.broadcast(draft.text):
                    self._told_of(result)
            case "answer":
                await self.answer(draft.to, draft.text)

    async def say_again(self, row: MessageRow, text: str) -> None:
        """Send a message once more, as what it was, when the person is sure."""
        own = self.stage.picture.operator
        what = "question" if row.kind == "ask" else "message"
        by = "" if row.sender == own else f' "{row.sender}" wrote it; now it comes from you.'
        short = text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
        if await self.stage.ask_person(
            Question(f'Send this {what} to "{row.to}" again?{by}\n\n{prose(short)}', "send it")
        ):
            if row.kind == "response" and row.reply_to and row.sender == own:
                await self.reply(row.to, row.reply_to, text)
            else:
                await self.say(Draft("ask" if row.kind == "ask" else "send", row.to, text))

    async def answer(self, beginning: str, text: str) -> None:
        """Answer the question whose id begins so, or the message whose id this is.

        Raises:
            NoSuchMessageError: There is none, or several begin so.
        """
        questions = self.stage.picture.questions.values()
        found = [(asked.sender, asked.id) for asked in questions if asked.id.startswith(beginning)]
        if not found and (sender := await self.stage.sender_of(beginning)) is not None:
            found = [(sender, beginning)]
        if len(found) != 1:
            many = "no message" if not found else f"{len(found)} questions"
            raise NoSuchMessageError(
                f"{many} for you begins with {beginning[:80]!r}",
                hint="p shows what waits; tab completes ids",
            )
        self._told_of(await self.actions.answer(*found[0], text))

    async def reply(self, to: str, message_id: str, text: str) -> None:
        """Answer this message.

        Raises:
            MeshError: It cannot be sent; a question waits on.
        """
        try:
            self._told_of(await self.actions.answer(to, message_id, text))
        except MeshError:
            self.stage.not_said(("question", to, message_id))
            raise

    def _told_of(self, result: SendResult) -> None:
        severity: Severity = "error" if result.state in ("failed", "expired") else "note"
        if result.state == "queued":
            severity = "warning"
        why = f": {result.reason}" if result.reason else ""
        self.stage.tell(f'to "{result.to}": {result.state}{why}', severity, result.to)

    # -- approvals

    async def decide(self, agent: str, approval_id: str, verdict: Verdict) -> None:
        """Allow or deny.

        Raises:
            MeshError: It cannot be; what waits no more anyway is taken out of the list.
        """
        try:
            decision = await self.actions.decide(agent, approval_id, verdict)
        except (NoSuchApprovalError, ApprovalDecidedError):
            self.stage.approval_settled(agent, approval_id)
            raise
        except MeshError:
            self.stage.not_said(("approval", agent, approval_id))
            raise
        word = "allowed" if decision.behavior == "allow" else "denied"
        self.stage.tell(f'"{agent}": {decision.tool} {word}', agent=agent)


def _fleet_at(path: str) -> Fleet:
    return read_fleet(Path(path))


def _mesh_of(fleet: Fleet, here: MeshPaths) -> MeshPaths:
    """The mesh that the file names, else this one."""
    return here if fleet.mesh in (None, here.mesh) else open_mesh(fleet.mesh, home=here.home)

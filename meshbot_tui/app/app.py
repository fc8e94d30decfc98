"""The console: what its widgets ask for is done."""

import asyncio
import time
from typing import Final

from textual import on, work
from textual.events import Event, Key

from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.session.records import Approval, Verdict
from meshbot_tui.app.letters import Letters
from meshbot_tui.connections.screens import ScreenFeed
from meshbot_tui.screens.approval import ApprovalModal
from meshbot_tui.screens.deeds import Deeds
from meshbot_tui.screens.main import MainScreen
from meshbot_tui.screens.notices import NoticesScreen
from meshbot_tui.screens.question import Question
from meshbot_tui.screens.stray import StrayKeys
from meshbot_tui.widgets.agents import AgentList
from meshbot_tui.widgets.approvals import ApprovalsPane
from meshbot_tui.widgets.compose import Compose
from meshbot_tui.widgets.grid import GridPane
from meshbot_tui.widgets.line import Line
from meshbot_tui.widgets.pane import AgentPane
from meshbot_tui.widgets.terminal import TerminalView, pasting

TOO_LONG_S: Final = 8.0
"""It says what to do instead."""


class MeshbotApp(Letters):
    """Messages of the widgets; keys, values and connections are its bases'."""

    # What is told stands over the list of agents, never over what is being typed or read.
    CSS = """
    ToastRack { align: left bottom; margin-bottom: 2; }
    ToastHolder { align-horizontal: left; }
    Toast { width: 36; max-width: 100%; padding: 0 1; }
    MainScreen.-narrow Toast { width: 26; }
    MainScreen.-zoomed ToastRack { dock: top; align: right top; margin: 1 0 0 0; }
    MainScreen.-zoomed ToastHolder { align-horizontal: right; }
    """

    def __init__(self, mesh: MeshPaths, *, first: str = "") -> None:
        super().__init__(mesh, first=first)
        self._turns: dict[str, asyncio.Lock] = {}
        """Whoever is told something now, by name."""
        self._stray = StrayKeys()

    async def on_event(self, event: Event) -> None:
        """Keys are noted: what comes by itself waits until none were pressed for a while."""
        if isinstance(event, Key):
            now_s = time.monotonic()
            self._offers.key(now_s)
            if not event.is_forwarded and self._stray.takes(event.key, now_s):
                return
        await super().on_event(event)

    def _shown(self) -> None:
        """After each showing: offer what waits, take back what was answered elsewhere."""
        waiting = {(approval.agent, approval.id) for approval in self.picture.approvals}
        top = self.screen
        if isinstance(top, ApprovalModal):
            if (top.approval.agent, top.approval.id) not in waiting:
                top.withdraw()
            return
        if isinstance(top, NoticesScreen):
            top.show(self.picture.notices)
        if top is self.main and self.main.view == "approvals":
            self._offers.seen(self.picture)
        is_busy = top is not self.main or self.main.is_taken or self.must_wait
        found = self._offers.next(self.picture, is_busy=is_busy, now_s=time.monotonic())
        if found is not None:
            self._offer(found)

    @work(group="dialogs", exit_on_error=False)
    async def _offer(self, approval: Approval) -> None:
        verdict = await self.ask_person(ApprovalModal(approval))
        if verdict is not None:
            self._decide(approval.agent, approval.id, verdict)

    def _decide(self, agent: str, approval_id: str, verdict: Verdict) -> None:
        self._do("approval", lambda deeds: deeds.decide(agent, approval_id, verdict), agent)

    # -- messages of the widgets

    @on(AgentList.Chosen)
    def chosen(self, event: AgentList.Chosen) -> None:
        """Another agent is looked at."""
        if not event.is_by_itself:
            self._keep(chosen=event.name)
        self._show()

    @on(AgentList.Entered)
    @on(GridPane.Entered)
    def entered(self, event: AgentList.Entered | GridPane.Entered) -> None:
        """The keys go to this agent's pane."""
        self.main.agents.choose(event.name)
        self.main.look_at("terminal")
        self._show()
        pane = self.main.pane
        if pane.face == "screen":
            pane.screen_view.enter()
        elif pane.face == "log":
            pane.log_view.focus()

    @on(MainScreen.ViewChanged)
    def view_changed(self, event: MainScreen.ViewChanged) -> None:
        """The centre shows something else."""
        self._keep(view=event.view)
        self._show_soon()
        if event.view == "grid":
            self._fill_grid()
        elif self.feeds is not None:
            self.feeds.feed_grid(())
        self._read_inbox()

    @on(GridPane.Arranged)
    def arranged(self, event: GridPane.Arranged) -> None:
        """The grid's panes are there to be fed."""
        if self.feeds is not None and self.main.view == "grid":
            self.feeds.feed_grid(event.agents)

    # -- the chosen agent's pane

    @on(TerminalView.Typed)
    def typed(self, event: TerminalView.Typed) -> None:
        """Keys for the program."""
        if (feed := self.feed) is not None:
            feed.type(event.data)

    @on(TerminalView.Sized)
    def sized(self, event: TerminalView.Sized) -> None:
        """The pane has another size."""
        if (feed := self.feed) is not None:
            feed.resize(event.columns, event.rows)

    @on(AgentPane.Sized)
    def pane_sized(self, event: AgentPane.Sized) -> None:
        """It rules where nobody else typed."""
        self._show_soon()
        if (feed := self.feed) is not None:
            feed.resize(event.columns, event.rows)

    @on(TerminalView.Entered)
    def keys_taken(self) -> None:
        """Somebody types here from now on: this size rules."""
        self.main.pane.mark_keys(has_keys=True)
        self.main.agents.seek("")  # who types here stays here
        if (feed := self.feed) is not None:
            feed.enter()

    @on(TerminalView.LeaveWanted)
    def leave(self) -> None:
        """Back to the list."""
        self.main.agents.focus()

    @on(TerminalView.Released)
    def keys_released(self) -> None:
        """The keys are the console's again."""
        self.main.pane.mark_keys(has_keys=False)
        if (feed := self.feed) is not None:
            feed.leave()

    @on(TerminalView.ScrollbackWanted)
    @work(group="scrollback", exit_on_error=False)
    async def scrollback_wanted(self, event: TerminalView.ScrollbackWanted) -> None:
        """Lines that have scrolled out."""
        if (feed := self.feed) is not None:
            page = await feed.scrollback(event.before, event.limit)
            # Meanwhile another agent may be shown.
            if feed is self.feed:
                event.view.add_scrollback(page)

    @on(TerminalView.PasteQuestion)
    def paste_question(self, event: TerminalView.PasteQuestion) -> None:
        """Much text, or more than text, is to be typed."""
        self.opens(self._ask_to_paste(event), group="dialogs")

    async def _ask_to_paste(self, event: TerminalView.PasteQuestion) -> None:
        feed = self.feed
        if await self.ask_person(Question(pasting.question(event.text), "paste it")):
            if feed is None or feed is not self.feed:
                self.tell("Nothing was pasted: it was meant for another pane.", "warning")
                return
            event.view.enter()
            event.view.paste(event.text)

    @on(TerminalView.Copied)
    def copied(self, event: TerminalView.Copied) -> None:
        """A person selected this."""
        self._copy(event.text)

    @on(TerminalView.Rang)
    def rang(self) -> None:
        """The program rang."""
        self.bell()

    def _keys_lost(self) -> None:
        self._stray.closed(time.monotonic())
        self.toast("the pane you typed in has closed: pause, and the keys are the console's")

    @property
    def feed(self) -> ScreenFeed | None:
        """The line to the chosen agent's screen."""
        return self.feeds.feed if self.feeds is not None else None

    # -- what a person says and decides

    @on(Compose.Wanted)
    def say(self, event: Compose.Wanted) -> None:
        """Something is to be said; to one receiver in the order in which it was written."""
        draft = event.draft
        turn = self._turns.setdefault(draft.to, asyncio.Lock())

        async def said(deeds: Deeds) -> None:
            async with turn:
                await deeds.say(draft)

        self._do(f"to {draft.to}", said)

    @on(Compose.Refused)
    def refused(self, event: Compose.Refused) -> None:
        """It cannot be said so."""
        self.toast(event.reason, "warning")

    @on(Line.TooLong)
    def too_long(self, event: Line.TooLong) -> None:
        """What was pasted is still in the clipboard, and nowhere else."""
        self.toast(
            f"Nothing was put in: {event.chars:,} characters are too many for a line,"
            f" which holds {event.most:,}. Put them into a file, and write where it lies.",
            "warning",
            timeout_s=TOO_LONG_S,
        )

    @on(ApprovalsPane.Decided)
    def decided(self, event: ApprovalsPane.Decided) -> None:
        """Allow or deny."""
        verdict = Verdict(
            behavior=event.behavior, scope=event.scope, reason=event.reason, by="console"
        )
        self._decide(event.agent, event.id, verdict)

    @on(ApprovalsPane.Ignored)
    def ignored(self, event: ApprovalsPane.Ignored) -> None:
        """A question is not going to be answered."""
        self.ignore(event.to, event.id)

    @on(ApprovalsPane.Answered)
    def answered(self, event: ApprovalsPane.Answered) -> None:
        """A question is answered."""
        self._do("answer", lambda deeds: deeds.reply(event.to, event.id, event.text), event.to)

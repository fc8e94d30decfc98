"""The messages that a person reads, and what they want done with one."""

import contextlib
from functools import partial

from textual import on, work

from meshbot_core.errors import MailboxError
from meshbot_tui.app.commands import Commands
from meshbot_tui.model.journal import MessageRow
from meshbot_tui.screens.message import MessageScreen, Wanted
from meshbot_tui.widgets.messages import MessageList, MessagesPane


class Letters(Commands):
    """The pane of messages, and one message whole."""

    @on(MessagesPane.Filtered)
    def filtered(self, event: MessagesPane.Filtered) -> None:
        """Other messages are to be shown."""
        self._keep(filter=event.line)
        if self.talk is not None:
            self.talk.narrow(event.filter)

    @on(MessageList.RowsWanted)
    def rows_wanted(self, event: MessageList.RowsWanted) -> None:
        """Rows came into view."""
        if self.talk is not None:
            self._started(partial(self.talk.fill, event.keys))

    @on(MessageList.Opened)
    def opened(self, event: MessageList.Opened) -> None:
        """One message and its thread."""
        self.opens(self._open(event.row), group="dialogs")

    async def _open(self, row: MessageRow) -> None:
        if (found := await self._whole(row)) is None:
            return
        text, thread = found
        wanted: Wanted | None = await self.ask_person(MessageScreen(row, text, thread))
        match wanted:
            case "copy":
                self._copy(text)
            case "again":
                self._again(row, text)
            case "answer":
                self._answer(row)

    @on(MessageList.CopyWanted)
    @work(group="dialogs", exit_on_error=False)
    async def copy_wanted(self, event: MessageList.CopyWanted) -> None:
        """A message's whole text."""
        if (found := await self._whole(event.row)) is not None:
            self._copy(found[0])

    @on(MessageList.AgainWanted)
    def again_wanted(self, event: MessageList.AgainWanted) -> None:
        """The same once more, when the person is sure."""
        self.opens(self._once_more(event.row), group="dialogs")

    async def _once_more(self, row: MessageRow) -> None:
        if (found := await self._whole(row)) is not None:
            self._again(row, found[0])

    async def _whole(self, row: MessageRow) -> tuple[str, tuple[MessageRow, ...]] | None:
        """A message's text and its thread; None while no journal is open."""
        if self.talk is not None:
            with contextlib.suppress(MailboxError):
                return await self.talk.whole(row)
        self.tell("The messages cannot be read now.", "warning")
        return None

    def _copy(self, text: str) -> None:
        self.copy_to_clipboard(text)
        self.toast(f"{len(text):,} characters copied", timeout_s=2)

    def _again(self, row: MessageRow, text: str) -> None:
        if row.to == self.picture.operator:
            self.toast("That one came to you; e answers it.", "warning")
        else:
            self._do(f"to {row.to}", lambda deeds: deeds.say_again(row, text), row.to, asks=True)

    def _answer(self, row: MessageRow) -> None:
        """Begin an answer to what came to the person, else a message to who wrote or got it."""
        own = self.picture.operator
        if row.to == own:
            self.main.compose_line.begin(f"!{row.id} ")
        else:
            self.main.compose_line.begin(f"@{row.to if row.sender == own else row.sender} ")

    # -- while one is read

    def _journal_changed(self, agent: str) -> None:
        super()._journal_changed(agent)
        if isinstance(self.screen, MessageScreen):
            self._read_on(self.screen)

    @work(group="thread", exclusive=True, exit_on_error=False)
    async def _read_on(self, screen: MessageScreen) -> None:
        """What comes into the thread is shown in it, and how far each got."""
        if self.talk is not None:
            with contextlib.suppress(MailboxError):
                screen.show(await self.talk.thread(screen.row.id))

"""What the keys and the command palette do."""

from collections.abc import Callable, Iterable

from textual.app import SystemCommand
from textual.screen import Screen

from meshbot_tui.app.console import Console, Deed
from meshbot_tui.screens.deeds import Deeds
from meshbot_tui.screens.help import HelpScreen
from meshbot_tui.screens.keys import COMMANDS, help_for
from meshbot_tui.screens.notices import NoticesScreen


class Commands(Console):
    """Actions on the chosen agent, and on the whole."""

    def _on_chosen(
        self, what: str, deed: Callable[[Deeds, str], Deed], *, asks: bool = False
    ) -> None:
        name = self.main.agents.chosen
        row = self._row(name)
        if name is None or row is None:
            self.tell("Choose an agent first.", "warning")
        elif row.group != "agent":
            self.tell(f'"{name}" is not an agent of this machine.', "warning")
        else:
            self._do(f'{what} "{name}"', lambda deeds: deed(deeds, name), name, asks=asks)

    def action_start_agent(self) -> None:
        """The start dialog; for the chosen agent when that has no session."""
        row = self._row(self.main.agents.chosen)
        agent = self.picture.agents.get(row.name) if row and row.group == "agent" else None
        name = agent.name if agent is not None and agent.can_start else ""
        self._do("start", lambda deeds: deeds.start(name), asks=True)

    def action_stop_agent(self) -> None:
        """Stop the chosen agent."""
        self._on_chosen("stop", Deeds.stop, asks=True)

    def action_restart_agent(self) -> None:
        """Restart the chosen agent; one that does not run is asked about in the start dialog."""
        agent = self.picture.agents.get(self.main.agents.chosen or "")
        asks = agent is not None and not agent.can_ask and not agent.is_gone
        self._on_chosen("restart", Deeds.restart, asks=asks)

    def action_forget_agent(self) -> None:
        """Forget the chosen agent."""
        self._on_chosen("forget", Deeds.forget, asks=True)

    def action_resume_agent(self) -> None:
        """Let the chosen agent go on."""
        self._on_chosen("resume", Deeds.resume)

    def action_fleet(self) -> None:
        """A fleet file up or down."""
        self._do("fleet", Deeds.fleet, asks=True)

    def action_notices(self) -> None:
        """What was said before."""
        self.push_screen(NoticesScreen(self.picture.notices))

    def action_help(self) -> None:
        """The keys, here."""
        self.push_screen(HelpScreen("Keys", help_for(self.main.place)))

    def action_attend(self) -> None:
        """Go to who has waited longest for the person; from there to the next."""
        self._show()
        is_there = self.main.view == "approvals"
        name = self.main.approvals.attend(is_next=is_there)
        if name is None:
            self.toast("Nobody waits for you.", timeout_s=2)
            return
        self.main.agents.choose(name)
        self.main.look_at("approvals")

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """All that the keys do, by name."""
        for title, text, action in COMMANDS:
            yield SystemCommand(
                title, text, lambda action=action: self.call_later(self._run, action)
            )
        yield SystemCommand(
            "Theme", "Light, dark, or the terminal's own colours", self.action_change_theme
        )

    async def _run(self, action: str) -> None:
        await self.run_action(action, self.main)

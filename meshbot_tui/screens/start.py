"""The dialog that starts an agent; what would fail is said before."""

import shlex
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Select, Static

from meshbot_core.clients.text import plain
from meshbot_core.errors import MeshError
from meshbot_core.session.records import SessionOptions
from meshbot_core.types import checked_name
from meshbot_tui.connections.memory import StartForm
from meshbot_tui.connections.reasons import reason_of

KINDS: Final = (
    ("interactive: Claude Code in a pane", "interactive"),
    ("headless: works alone", "headless"),
)
MODES: Final = (
    ("as Claude Code is set up", ""),
    ("manual: asks for each", "default"),
    ("edits without asking", "acceptEdits"),
    ("plan only", "plan"),
)

Check = Callable[[SessionOptions], Awaitable[str]]


class StartDialog(ModalScreen[StartForm | None]):
    """Asks what is to be started; its answer is the form, checked, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("ctrl+s", "begin", "Start"),
    ]
    DEFAULT_CSS = """
    StartDialog {
        align: center middle;
        & > VerticalScroll {
            width: 76; max-width: 100%; height: auto; max-height: 100%;
            border: round $accent; background: $surface; padding: 0 1;
            border-title-color: $text;
        }
        & Horizontal { height: auto; }
        & Label { width: 14; padding: 0 1 0 0; color: $text-muted; }
        & Input, & Select { width: 1fr; height: 1; border: none; }
        & Select > SelectCurrent { height: 1; border: none; }
        & #problem { color: $error; height: auto; padding: 0 0 0 14; }
        & #buttons { align-horizontal: right; padding: 1 0 0 0; }
        & Button { margin: 0 0 0 1; }
    }
    """

    def __init__(
        self, forms: Mapping[str, StartForm], last: StartForm, busy: frozenset[str], check: Check
    ) -> None:
        super().__init__()
        self._forms = forms
        self._last = last
        self._busy = busy
        self._check = check

    def compose(self) -> ComposeResult:
        """Fields, what is wrong, and two buttons."""
        last = self._last
        with VerticalScroll() as box:
            box.border_title = "Start an agent"
            yield _field("name", Input(last.name, id="name", placeholder="dev", compact=True))
            yield _field(
                "folder", Input(last.folder, id="folder", placeholder="~/src/app", compact=True)
            )
            yield _field(
                "kind", Select(KINDS, value=last.kind, allow_blank=False, id="kind", compact=True)
            )
            yield _field(
                "model",
                Input(
                    last.model, id="model", placeholder="Claude Code's own default", compact=True
                ),
            )
            yield _field(
                "permissions",
                Select(
                    MODES, value=last.permission_mode, allow_blank=False, id="mode", compact=True
                ),
            )
            yield _field(
                "first prompt", Input(last.prompt, id="prompt", placeholder="none", compact=True)
            )
            yield _field(
                "flags", Input(last.flags, id="flags", placeholder="--add-dir ../lib", compact=True)
            )
            yield Static(id="problem", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Start (ctrl+s)", variant="primary", id="start", compact=True)
                yield Button("Cancel (esc)", id="cancel", compact=True)

    def on_mount(self) -> None:
        """The name comes first."""
        self.query_one("#name", Input).focus()

    @on(Input.Blurred, "#name")
    def recall(self) -> None:
        """An agent that was started before is started as it was."""
        form = self._forms.get(self.form.name)
        if form is None or self.query_one("#folder", Input).value not in ("", self._last.folder):
            return
        self.query_one("#folder", Input).value = form.folder
        self.query_one("#kind", Select).value = form.kind
        self.query_one("#model", Input).value = form.model
        self.query_one("#mode", Select).value = form.permission_mode
        self.query_one("#prompt", Input).value = form.prompt
        self.query_one("#flags", Input).value = form.flags

    @property
    def form(self) -> StartForm:
        """What is typed in."""
        return StartForm(
            name=self.query_one("#name", Input).value.strip(),
            folder=self.query_one("#folder", Input).value.strip(),
            kind=str(self.query_one("#kind", Select).value),
            model=self.query_one("#model", Input).value.strip(),
            permission_mode=str(self.query_one("#mode", Select).value),
            prompt=self.query_one("#prompt", Input).value.strip(),
            flags=self.query_one("#flags", Input).value.strip(),
        )

    @on(Input.Submitted)
    @on(Button.Pressed, "#start")
    def submitted(self) -> None:
        """Enter in any field starts."""
        self.action_begin()

    @on(Button.Pressed, "#cancel")
    def cancelled(self) -> None:
        """Start nothing."""
        self.dismiss(None)

    @work(exclusive=True)
    async def action_begin(self) -> None:
        """Check what was typed, and say what is wrong or be done."""
        form = self.form
        self._say("checking ...")
        try:
            if form.name in self._busy:
                self._say(f'"{form.name}" runs already; another name, or stop it first')
                return
            checked_name(form.name)
            await self._check(options_of(form))
        except MeshError as error:
            self._say(reason_of(error))
        except ValueError as error:
            self._say(f"flags: {error}")
        else:
            self.dismiss(form)

    def _say(self, text: str) -> None:
        self.query_one("#problem", Static).update(Content(plain(text)))


def _field(label: str, widget: Input | Select[str]) -> Horizontal:
    return Horizontal(Label(label), widget)


def options_of(form: StartForm) -> SessionOptions:
    """The session that a form asks for.

    Raises:
        ValueError: The flags are not quoted well.
    """
    flags = shlex.split(form.flags)
    if form.model:
        flags += ["--model", form.model]
    if form.permission_mode:
        flags += ["--permission-mode", form.permission_mode]
    if form.prompt:
        flags += ["--", form.prompt] if form.prompt.startswith("-") else [form.prompt]
    folder = Path(form.folder or ".").expanduser().absolute()
    kind = "headless" if form.kind == "headless" else "interactive"
    return SessionOptions(kind=kind, folder=str(folder), flags=tuple(flags))

"""The dialog that starts an agent; what would fail is said before."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Label, Select, Static

from meshbot_core.clients.text import plain
from meshbot_core.errors import MeshError
from meshbot_tui.connections.memory import StartForm
from meshbot_tui.connections.reasons import reason_of
from meshbot_tui.screens.leaving import Leaving
from meshbot_tui.widgets.line import Line, ProseLine, as_line

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

_LAST: Final = "last"
_GOES_ON: Final = (("goes on in its last one", _LAST), ("begins a new one", "new"))

Check = Callable[[StartForm], Awaitable[None]]
"""Raises a ``MeshError`` or, for flags that are not quoted well, a ``ValueError``."""

Advice = Callable[[StartForm], Awaitable[str]]
"""What a person should know first; quick, for it is asked while the form is filled in."""


class StartDialog(Leaving[StartForm | None]):
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
        & #problem { color: $text-error; height: auto; padding: 0 0 0 14; }
        & #advice { color: $text-warning; height: auto; padding: 0 0 0 14; }
        & #buttons { align-horizontal: right; padding: 1 0 0 0; }
        & Button { margin: 0 0 0 1; }
    }
    """

    def __init__(
        self, forms: Mapping[str, StartForm], first: StartForm, check: Check, advice: Advice
    ) -> None:
        super().__init__()
        self._forms = forms
        self._first = first
        self._check = check
        self._advice = advice

    def compose(self) -> ComposeResult:
        """Fields, what is wrong, and two buttons."""
        first = self._first
        modes = _modes(first.permission_mode, self._forms)
        with VerticalScroll() as box:
            box.border_title = "Start an agent"
            yield _field("name", _line("name", first.name, "dev"))
            yield _field("folder", _line("folder", first.folder, "~/src/app"))
            yield _field("kind", _choice("kind", KINDS, _kind(first)))
            yield _field("model", _line("model", first.model, "Claude Code's own default"))
            yield _field("permissions", _choice("mode", modes, first.permission_mode))
            yield _field(
                "first prompt",
                ProseLine(as_line(first.prompt), id="prompt", placeholder="none", compact=True),
            )
            yield _field("flags", _line("flags", first.flags, "--add-dir ../lib"))
            if first.conversation:
                yield _field("conversation", _choice("goes-on", _GOES_ON, _LAST))
            yield Static(id="advice", markup=False)
            yield Static(id="problem", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Start (ctrl+s)", variant="primary", id="start", compact=True)
                yield Button("Cancel (esc)", id="cancel", compact=True)

    def on_mount(self) -> None:
        """The name comes first."""
        self.query_one("#name", Input).focus()
        self.advise()

    @on(Input.Blurred, "#name")
    def recall(self) -> None:
        """An agent that was started before is started as it was."""
        form = self._forms.get(self.form.name)
        is_new = self.form.name != self._first.name
        is_own = self.query_one("#folder", Input).value not in ("", self._first.folder)
        if form is None or not is_new or is_own:
            return
        self.query_one("#folder", Input).value = form.folder
        self.query_one("#kind", Select).value = _kind(form)
        self.query_one("#model", Input).value = form.model
        self.query_one("#mode", Select).value = form.permission_mode
        self.query_one("#prompt", ProseLine).write(form.prompt)
        self.query_one("#flags", Input).value = form.flags
        self.advise()

    @on(Input.Blurred, "#name, #folder")
    @on(Select.Changed, "#kind")
    @work(exclusive=True, group="advice", exit_on_error=False)
    async def advise(self) -> None:
        """Say what a person should know before they start it."""
        text = ""
        with contextlib.suppress(MeshError, ValueError):
            text = await self._advice(self.form)
        self.query_one("#advice", Static).update(Content(plain(text)))

    @property
    def form(self) -> StartForm:
        """What is typed in."""
        name = self.query_one("#name", Input).value.strip()
        before = self._first if name == self._first.name else self._forms.get(name)
        form = StartForm(
            conversation=self._first.conversation if self._goes_on(name) else "",
            name=name,
            folder=self.query_one("#folder", Input).value.strip(),
            kind=str(self.query_one("#kind", Select).value),
            model=self.query_one("#model", Input).value.strip(),
            permission_mode=str(self.query_one("#mode", Select).value),
            prompt=self.query_one("#prompt", ProseLine).text.strip(),
            flags=self.query_one("#flags", Input).value.strip(),
        )
        return form.as_ran(before)

    def _goes_on(self, name: str) -> bool:
        answers = self.query("#goes-on").results(Select)
        return name == self._first.name and any(answer.value == _LAST for answer in answers)

    @on(Input.Submitted)
    @on(Button.Pressed, "#start")
    def submitted(self) -> None:
        """Enter in any field starts."""
        self.action_begin()

    @on(Button.Pressed, "#cancel")
    def cancelled(self) -> None:
        """Start nothing."""
        self.dismiss(None)

    @work(exclusive=True, exit_on_error=False)
    async def action_begin(self) -> None:
        """Check what was typed, and say what is wrong or be done."""
        form = self.form
        self._say("checking ...")
        try:
            await self._check(form)
        except MeshError as error:
            self._say(reason_of(error))
        except ValueError as error:
            self._say(f"flags: {error}")
        else:
            self.leave(form)

    def _say(self, text: str) -> None:
        self.query_one("#problem", Static).update(Content(plain(text)))


def _kind(form: StartForm) -> str:
    """One that there is: a newer console may have kept another."""
    return form.kind if form.kind in dict(KINDS).values() else "interactive"


def _modes(mode: str, forms: Mapping[str, StartForm]) -> list[tuple[str, str]]:
    """Ours, and those that were used before, of which Claude Code may know more than we do."""
    used = {mode, *(form.permission_mode for form in forms.values())}
    others = sorted(used - set(dict(MODES).values()))
    return [*MODES, *((plain(each), each) for each in others)]


def _field(label: str, widget: Input | Select[str]) -> Horizontal:
    return Horizontal(Label(label), widget)


def _line(name: str, value: str, placeholder: str) -> Line:
    return Line(value, id=name, placeholder=placeholder, compact=True)


def _choice(name: str, choices: Sequence[tuple[str, str]], value: str) -> Select[str]:
    return Select(choices, value=value, allow_blank=False, id=name, compact=True)

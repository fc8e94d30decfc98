"""What the console remembers of a mesh: the chosen agent, the filter, the theme, last starts."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from meshbot_core.errors import MeshError
from meshbot_core.mesh.files import write_atomically
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.session.records import Limits

_MEMBERS: Final = TypeAdapter(dict[str, object])

MAX_FORMS: Final = 100
MAX_IGNORED: Final = 500
_UNASKED: Final = (
    "limits", "claude", "restart", "approval_limit_s", "goes_on_after_limit", "unkept",
)  # fmt: skip


class StartForm(BaseModel):
    """What was typed into the start dialog for an agent."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = ""
    folder: str = ""
    kind: str = "interactive"
    model: str = ""
    permission_mode: str = ""
    prompt: str = ""
    flags: str = ""
    conversation: str = ""
    """In which it is to go on: Claude Code's own session id."""
    limits: Limits = Limits()
    claude: str | None = None
    restart: str = "on-failure"
    approval_limit_s: float | None = None
    goes_on_after_limit: bool | None = None
    unkept: tuple[str, ...] = ()
    """Names of the variables that its session had of its own; their values may be secrets."""

    def as_ran(self, before: "StartForm | None") -> "StartForm":
        """The same with what the dialog does not ask for, as it was ``before``."""
        if before is None:
            return self
        return self.model_copy(update={name: getattr(before, name) for name in _UNASKED})


class Remembered(BaseModel):
    """All of it; unknown members pass, so that an older console reads a newer one's."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    chosen: str | None = None
    view: str = "terminal"
    theme: str = ""
    filter: str = ""
    forms: dict[str, StartForm] = Field(default_factory=dict)
    last_form: str = ""
    fleet: str = ""
    ignored: tuple[tuple[str, str], ...] = ()
    """Sender and id of questions that the person will not answer."""

    def with_form(self, form: StartForm, *, last_form: str | None = None) -> "Remembered":
        """The same with what was typed for an agent; the oldest of very many are forgotten.

        ``last_form`` names the agent that was started last, None: this one.
        """
        others = [(name, kept) for name, kept in self.forms.items() if name != form.name]
        forms = dict([*others, (form.name, form)][-MAX_FORMS:])
        last = form.name if last_form is None else last_form
        return self.model_copy(update={"forms": forms, "last_form": last})

    def with_ignored(self, sender: str, question_id: str) -> "Remembered":
        """The same with a question that the person will not answer."""
        ignored = (*self.ignored, (sender, question_id))[-MAX_IGNORED:]
        return self.model_copy(update={"ignored": ignored})

    def onto(self, there: "Remembered", since: "Remembered") -> "Remembered":
        """What another console kept meanwhile, and what this one has changed ``since``."""
        if there == Remembered():
            return self  # the file is not there, or nobody's
        names = [name for name in type(self).model_fields if name not in ("forms", "ignored")]
        changed = {
            name: value for name in names if (value := getattr(self, name)) != getattr(since, name)
        }
        merged = there.model_copy(update=changed)
        for name, form in self.forms.items():
            if form != since.forms.get(name):
                merged = merged.with_form(form, last_form=merged.last_form)
        for asked in self.ignored:
            if asked not in since.ignored and asked not in there.ignored:
                merged = merged.with_ignored(*asked)
        return merged


@dataclass(slots=True)
class Memory:
    """Kept in a file of this mesh; that it cannot be kept is no reason to fail."""

    mesh: MeshPaths

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.mesh.folder / "console.json"

    def read(self) -> Remembered:
        """What was kept, but for what this console does not understand."""
        try:
            members = _MEMBERS.validate_json(self.path.read_bytes())
        except (OSError, ValueError):
            return Remembered()
        return Remembered.model_validate(
            {name: value for name, value in members.items() if _is_understood(name, value)}
        )

    def write(self, remembered: Remembered) -> None:
        """Keep it, for this user's eyes only."""
        with contextlib.suppress(OSError, MeshError):
            write_atomically(self.path, remembered.model_dump_json(indent=2).encode())


def _is_understood(name: str, value: object) -> bool:
    with contextlib.suppress(ValidationError):
        Remembered.model_validate({name: value})
        return True
    return False

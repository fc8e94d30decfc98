"""The fleet file: the agents of one mesh that ``up`` keeps, each with what it is started with."""

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from meshbot_core.claude.flags import sorted_flags
from meshbot_core.clients.fleet_lines import Member, line_of, member_lines
from meshbot_core.errors import ClaudeFlagError, FleetFileError, InvalidNameError
from meshbot_core.session.records import Limits, RestartPolicy, SessionOptions
from meshbot_core.types import checked_name

DEFAULT_FILE: Final = "fleet.toml"
FLEET_VARIABLE: Final = "MESHBOT_FLEET"
"""In a session's environment: the fleet file that it was started from."""

_MAX_BYTES: Final = 256 * 1024
_PLACE: Final = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
_TWICE: Final = re.compile(r"twice|overwrite|redefine|already", re.IGNORECASE)
_IN_TOML: Final = {
    "string_type": 'text, "in quotes"',
    "bool_type": "true or false",
    "dict_type": "a table",
    "model_type": "a table",
    "tuple_type": "a list",
    "int_type": "a whole number",
    "float_type": "a number",
}


class _Member(BaseModel):
    """Base: frozen, and nothing that is not asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FleetLimits(Limits):
    """``limits`` of an agent; ``false`` switches one off, for TOML has no null."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _off(cls, value: object) -> object:
        return None if value is False else value


class FleetAgent(_Member):
    """One agent of the file, as the file says it."""

    folder: str
    model: str | None = None
    daemon: bool = False
    """Headless: it works alone."""
    prompt: str | None = None
    """What it is told first."""
    flags: Annotated[tuple[str, ...], Field(strict=False)] = ()
    limits: FleetLimits = FleetLimits()
    restart: RestartPolicy = "on-failure"
    env: dict[str, str] = Field(default_factory=dict)
    permission_mode: str | None = None
    claude: str | None = None
    """A path, or a name on PATH."""
    approval_limit_s: Annotated[float, Field(gt=0)] | None = None
    goes_on_after_limit: bool | None = None

    @field_validator("flags")
    @classmethod
    def _are_flags(cls, flags: tuple[str, ...]) -> tuple[str, ...]:
        try:
            prompt = sorted_flags(flags).prompt
        except ClaudeFlagError as error:
            raise ValueError(f"{error}; {error.hint}" if error.hint else str(error)) from error
        if prompt is not None:
            raise ValueError(f"{prompt[:80]!r} is no flag; a first prompt stands in prompt = ")
        return flags


class _FleetDocument(_Member):
    mesh: str | None = None
    agents: dict[str, FleetAgent] = Field(default_factory=dict)

    @field_validator("mesh")
    @classmethod
    def _names_a_mesh(cls, mesh: str | None) -> str | None:
        return mesh if mesh is None else _name(mesh, what="mesh")

    @field_validator("agents")
    @classmethod
    def _have_names(cls, agents: dict[str, FleetAgent]) -> dict[str, FleetAgent]:
        for name in agents:
            _name(name, what="agent")
        return agents


class Fleet(_Member):
    """A fleet file that was read; ``places`` tells its lines."""

    path: Path
    mesh: str | None
    agents: dict[str, FleetAgent]
    places: dict[str, int]
    """The line of each agent's folder."""

    def options(self, name: str, inherited: Mapping[str, str]) -> SessionOptions:
        """What the agent's session is started with.

        Raises:
            FleetFileError: Its folder is not there.
        """
        agent = self.agents[name]
        folder = _resolved(agent.folder, self.path.parent)
        if not folder.is_dir():
            what = "is no folder" if folder.exists() else "is not there"
            raise FleetFileError(
                f"{self.path}:{self.places[name]}: agents.{name}.folder: {folder} {what}",
                hint="make it, or correct the line",
            )
        return SessionOptions(
            kind="headless" if agent.daemon else "interactive",
            folder=str(folder),
            flags=_flags(agent),
            environment=agent.env | {FLEET_VARIABLE: str(self.path)},
            inherited=dict(inherited),
            claude=_program(agent.claude, self.path.parent),
            limits=Limits.model_validate(agent.limits.model_dump()),
            restart=agent.restart,
            approval_limit_s=agent.approval_limit_s,
            goes_on_after_limit=agent.goes_on_after_limit,
        )


def read_fleet(path: Path) -> Fleet:
    """Read a fleet file.

    Raises:
        FleetFileError: "FILE:LINE: member: what is wrong and what may have been meant".
    """
    try:
        place = path.expanduser().absolute()
    except RuntimeError as error:
        raise FleetFileError(f"{path}: {error}", hint="name the file whole") from error
    try:
        with place.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise FleetFileError(
            f"{place}: cannot be read ({error.strerror})",
            hint="name the file: meshbot up FILE; an example lies in assets/fleet.toml",
        ) from error
    return parse_fleet(data, place)


def parse_fleet(data: bytes, path: Path) -> Fleet:
    """Understand the bytes of a fleet file; ``path`` is absolute.

    Raises:
        FleetFileError: As ``read_fleet``.
    """
    text = _text(data, path)
    try:
        document = _FleetDocument.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(error, text, path) from error
    except RecursionError as error:
        raise FleetFileError(f"{path}: expected fewer levels of nesting") from error
    except ValidationError as error:
        raise _member_error(error.errors(), text, path) from error
    lines = member_lines(text)
    places = {name: line_of(lines, ("agents", name, "folder")) for name in document.agents}
    return Fleet(path=path, mesh=document.mesh, agents=document.agents, places=places)


def _text(data: bytes, path: Path) -> str:
    if len(data) > _MAX_BYTES:
        raise FleetFileError(f"{path}: expected at most {_MAX_BYTES} bytes")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FleetFileError(f"{path}:{line}: expected UTF-8 text") from error


def _syntax_error(error: tomllib.TOMLDecodeError, text: str, path: Path) -> FleetFileError:
    found = _PLACE.search(str(error))
    what = _PLACE.sub("", str(error))
    line = int(found["line"]) if found and found["line"] else text.rstrip("\n").count("\n") + 1
    if _TWICE.search(what):
        return _named_twice(text, line, path)
    return FleetFileError(f"{path}:{line}: {what[:1].lower()}{what[1:]}")


def _named_twice(text: str, line: int, path: Path) -> FleetFileError:
    """The member that a line names a second time, and where it stood first."""
    lines = text.split("\n")
    before = member_lines("\n".join(lines[: line - 1]))
    again = member_lines("\n".join(lines[:line]).rsplit("\n", 1)[-1])
    table = _table_above(lines[: line - 1])
    named = [member for path_ in again for member in (path_, (*table, *path_))]
    member = max((name for name in named if name in before), key=len, default=None)
    if member is None:
        return FleetFileError(f"{path}:{line}: this stands in the file twice")
    first = before[member]
    return FleetFileError(f"{path}:{line}: {_dotted(member)} stands twice, first in line {first}")


def _table_above(lines: list[str]) -> Member:
    headers = [line for line in lines if line.lstrip().startswith("[")]
    return max(member_lines(headers[-1]), key=len, default=()) if headers else ()


def _member_error(errors: list[ErrorDetails], text: str, path: Path) -> FleetFileError:
    lines = member_lines(text)
    by_line = sorted(
        ((line_of(lines, member), member, error) for error in errors if (member := _member(error))),
        key=lambda found: found[0],
    )
    if not by_line:
        return FleetFileError(f"{path}:1: {errors[0]['msg']}")
    line, member, error = by_line[0]
    return FleetFileError(f"{path}:{line}: {_dotted(member)}: {_explained(error, member)}")


def _member(error: ErrorDetails) -> Member:
    """The member that an error is about; a name that is none is told by its own name."""
    member = tuple(str(part) for part in error["loc"] if not isinstance(part, int))
    context = error.get("ctx", {}).get("error")
    wrong = context.name if isinstance(context, _BadNameError) else None
    return (*member, wrong) if wrong is not None else member


def _explained(error: ErrorDetails, member: Member) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        known = _known_members(member[:-1])
        meant = get_close_matches(member[-1], known, n=1, cutoff=0.5)
        return "there is no such member; " + (
            f"{meant[0]} was meant?" if meant else f"known are: {', '.join(known)}"
        )
    if kind == "missing":
        return "is missing; each agent needs one"
    what = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return what if kind == "value_error" else f"expected {_IN_TOML.get(kind, what)}"


def _known_members(table: Member) -> list[str]:
    if not table:
        return list(_FleetDocument.model_fields)
    is_limits = table[-1] == "limits" and len(table) > 2  # noqa: PLR2004 - agents.NAME.limits
    return list((FleetLimits if is_limits else FleetAgent).model_fields)


class _BadNameError(ValueError):
    """A name that cannot be one, kept apart for its line."""

    def __init__(self, message: str, name: str | None) -> None:
        super().__init__(message)
        self.name = name


def _name(text: str, *, what: str) -> str:
    try:
        return checked_name(text, what=what)
    except InvalidNameError as error:
        name = text if what == "agent" else None
        raise _BadNameError(f"{error}: {error.hint}", name) from error


def _dotted(member: Member) -> str:
    return ".".join(member)


def _resolved(folder: str, beside: Path) -> Path:
    """``~`` is the home folder; a relative one begins beside the file."""
    return Path(beside / Path(folder).expanduser())


def _program(claude: str | None, beside: Path) -> str | None:
    """A path like the folder; a bare name is looked for on PATH."""
    if claude is None or "/" not in claude:
        return claude
    return str(_resolved(claude, beside))


def _flags(agent: FleetAgent) -> tuple[str, ...]:
    named = {"--model": agent.model, "--permission-mode": agent.permission_mode}
    ours = [f"{flag}={value}" for flag, value in named.items() if value is not None]
    prompt = ("--", agent.prompt) if agent.prompt is not None else ()
    return (*ours, *agent.flags, *prompt)

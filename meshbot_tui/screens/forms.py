"""What is typed into the start dialog, as the session it asks for, and the other way round."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from meshbot_core.claude.flags import UserFlags, sorted_flags
from meshbot_core.clients.fleet_file import FLEET_VARIABLE
from meshbot_core.errors import SessionFolderError
from meshbot_core.session.records import SessionOptions, SessionView
from meshbot_tui.connections.memory import Remembered, StartForm

_MODEL = "--model="
_MODE = "--permission-mode="


def first_form(name: str, kept: Remembered, view: SessionView | None) -> StartForm:
    """What the start dialog begins with.

    Args:
        name: An agent that does not run: it is as it was at last. Empty: a new one, in the
            manner of the last start, without its words.
        kept: What was typed before.
        view: The agent's last session, as far as this console saw it.
    """
    here = str(Path.cwd())
    if not name:
        last = kept.forms.get(kept.last_form) or StartForm()
        return StartForm(
            folder=last.folder or here,
            kind=last.kind,
            model=last.model,
            permission_mode=last.permission_mode,
        )
    seen = StartForm(folder=here)
    if view is not None:
        seen = StartForm(folder=view.folder, kind=view.kind, conversation=view.conversation)
    own = kept.forms.get(name, seen)
    conversation = seen.conversation or own.conversation
    prompt = "" if conversation else own.prompt
    return own.model_copy(update={"name": name, "conversation": conversation, "prompt": prompt})


def options_of(form: StartForm) -> SessionOptions:
    """The session that a form asks for.

    Raises:
        SessionFolderError: Whose home the folder is to be in is not known.
        ValueError: The flags are not quoted well.
    """
    flags = shlex.split(form.flags)
    if form.model:
        flags += ["--model", form.model]
    if form.permission_mode:
        flags += ["--permission-mode", form.permission_mode]
    if form.conversation:
        flags += ["--resume", form.conversation]
    if form.prompt:
        flags += ["--", form.prompt] if form.prompt.startswith("-") else [form.prompt]
    try:
        folder = Path(form.folder or ".").expanduser().absolute()
    except (RuntimeError, OSError) as error:
        raise SessionFolderError(f"folder {form.folder}: {error}") from error
    kind = "headless" if form.kind == "headless" else "interactive"
    return SessionOptions(
        kind=kind,
        folder=str(folder),
        flags=tuple(flags),
        claude=form.claude,
        limits=form.limits,
        restart="never" if form.restart == "never" else "on-failure",
        approval_limit_s=form.approval_limit_s,
        goes_on_after_limit=form.goes_on_after_limit,
    )


def lacking(form: StartForm, environment: Mapping[str, str]) -> str:
    """Which variables it had and will not have in this ``environment``; empty for none."""
    names = [name for name in form.unkept if name not in environment]
    if not names:
        return ""
    return f"without {', '.join(names)}: an environment is not kept; its fleet file (f) sets it"


def form_of(name: str, options: SessionOptions, conversation: str) -> StartForm:
    """How to start an agent again as it ran, in its conversation.

    Raises:
        ClaudeFlagError: Its flags are none that a session takes.
    """
    words = sorted_flags(options.flags)
    last = {mark: _last(words.passed, mark) for mark in (_MODEL, _MODE)}
    return StartForm(
        name=name,
        folder=options.folder,
        kind=options.kind,
        model=last[_MODEL],
        permission_mode=last[_MODE],
        prompt="" if conversation else words.prompt or "",
        flags=shlex.join(_rest(words)),
        conversation=conversation,
        limits=options.limits,
        claude=options.claude,
        restart=options.restart,
        approval_limit_s=options.approval_limit_s,
        goes_on_after_limit=options.goes_on_after_limit,
        unkept=tuple(sorted(options.environment.keys() - {FLEET_VARIABLE})),
    )


def _last(words: tuple[str, ...], mark: str) -> str:
    found = [word.removeprefix(mark) for word in words if word.startswith(mark)]
    return found[-1] if found else ""


def _rest(words: UserFlags) -> list[str]:
    """What has no field of its own; where its conversation began is not said again."""
    rest = [word for word in words.passed if not word.startswith((_MODEL, _MODE))]
    merged = (
        ("--settings", (words.settings,)),
        ("--mcp-config", words.mcp_configs),
        ("--append-system-prompt", (words.append_system_prompt,)),
        ("--append-system-prompt-file", (words.append_system_prompt_file,)),
        ("--allowedTools", words.allowed_tools),
        ("--disallowedTools", words.disallowed_tools),
    )
    return rest + [f"{flag}={value}" for flag, values in merged for value in values if value]

"""What this package writes, taken by the real claude in its oldest and its newest version."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from meshbot_core.claude.binary import check_logged_in, inspect_claude
from meshbot_core.claude.flags import UserFlags, sorted_flags
from meshbot_core.claude.framing import framed, ids_in
from meshbot_core.claude.headless import McpServer
from meshbot_core.claude.hook_settings import CommandHook, HttpHook, SessionHooks
from meshbot_core.claude.hooks import SessionStart, UserPromptSubmit, parse_hook
from meshbot_core.claude.launch import Given, SessionPlan, launch, session_environment
from meshbot_core.claude.native import message_frame
from meshbot_core.claude.sessions import parse_session, session_file
from meshbot_core.claude.settings import settings_paths, user_settings
from meshbot_core.claude.statusline import parse_status
from meshbot_core.claude.stream import LineState, TurnBegan, TurnEnded, UserSpoke, parse_event
from meshbot_core.claude.stream import user_line as line_of
from meshbot_core.claude.version import Version
from meshbot_core.demo.binaries import NEWEST, VERSIONS
from meshbot_core.demo.claude_home import clean_environment, model_environment, prepare_home
from meshbot_core.demo.model import ScriptedModel, serving
from meshbot_core.demo.script import Plan
from meshbot_core.errors import ClaudeNotLoggedInError
from tests.claude_code.terminal import LIMIT_S, HookEndpoint, hook_endpoint, on_terminal
from tests.claude_code.test_framing import PLAIN
from tests.support.claude import required_claude
from tests.support.waiting import until

pytestmark = [pytest.mark.claude, pytest.mark.slow]

_SESSION = "11111111-1111-4111-8111-111111111111"
_TOKEN = "MESHBOT_HOOK_TOKEN"  # noqa: S105 - a variable's name, no secret
_MCP_SERVER = """\
import json, pathlib, sys
pathlib.Path(sys.argv[1]).touch()
for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked:
        error = {"code": -32601, "message": "no"}
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "error": error}), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A user's home and project, with hooks, a status line and an MCP server of the user's."""

    binary: Path
    version: Version
    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "user"

    @property
    def project(self) -> Path:
        return self.folder / "project"

    def touches(self, name: str) -> str:
        """A shell command that leaves a file of this name."""
        return f"touch {self.folder / name}"

    def left(self, name: str) -> bool:
        return (self.folder / name).exists()

    def plan(self, endpoint: HookEndpoint, **changes: object) -> SessionPlan:
        hooks = SessionHooks(
            events=HttpHook(endpoint.url, _TOKEN),
            started=CommandHook("tee", (str(self.folder / "started"),)),
            waiter=CommandHook("sh", (str(self.folder / "waiter"), str(self.folder))),
        )
        server = McpServer("mesh", self.server_command("ours-served"), {})
        wanted = {"kind": "interactive", "version": self.version, "server": server, "hooks": hooks}
        return SessionPlan(**{**wanted, "session_id": _SESSION, **changes})

    def given(self) -> Given:
        paths = settings_paths(self.home, self.project)[:3]
        return Given(configured=user_settings(p.read_bytes() for p in paths if p.exists()))

    def server_command(self, name: str) -> tuple[str, ...]:
        return (sys.executable, str(self.folder / "server.py"), str(self.folder / name))

    def environment(self, model: ScriptedModel) -> Mapping[str, str]:
        inherited = clean_environment(self.home) | model_environment(model.url)
        return session_environment(inherited, {_TOKEN: "secret"})


@pytest.fixture(params=VERSIONS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    binary = required_claude(request.param)
    found = Place(binary, inspect_claude(binary).version, tmp_path)
    found.project.mkdir()
    prepare_home(found.home, found.project)
    (tmp_path / "server.py").write_text(_MCP_SERVER)
    (tmp_path / "waiter").write_text("exit 0\n")
    command, *arguments = found.server_command("theirs-served")
    state = json.loads((found.home / ".claude.json").read_text())
    state["mcpServers"] = {"mine": {"type": "stdio", "command": command, "args": arguments}}
    (found.home / ".claude.json").write_text(json.dumps(state))
    hook = {"type": "command", "command": found.touches("their-hook")}
    theirs = {
        "hooks": {"UserPromptSubmit": [{"hooks": [hook]}]},
        "statusLine": {"type": "command", "command": found.touches("their-line")},
        "allowedHttpHookUrls": ["https://example.com/*"],
        "httpHookAllowedEnvVars": ["THEIRS"],
    }
    (found.home / ".claude").mkdir()
    (found.home / ".claude" / "settings.json").write_text(json.dumps(theirs))
    return found


@pytest.fixture
async def endpoint() -> AsyncIterator[HookEndpoint]:
    async with hook_endpoint() as found:
        yield found


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with serving(Plan(())) as found:
        yield found


def test_version_and_login_are_told_by_the_binary_itself(place, tmp_path):
    bare = clean_environment(tmp_path / "nobody")

    assert str(place.version) in VERSIONS
    with pytest.raises(ClaudeNotLoggedInError):
        check_logged_in(place.binary, environment=bare)
    check_logged_in(place.binary, environment=bare | model_environment("http://127.0.0.1:1"))


async def test_an_interactive_session_starts_without_a_dialog_and_beside_all_of_the_users(
    place, endpoint, model
):
    plan = place.plan(endpoint, status_line=f"tee {place.folder}/line >/dev/null; echo OURS")
    user = sorted_flags(["--settings", "{}", "--model", "sonnet", "hello there"])
    started = launch(plan, user, place.given())

    async with on_terminal(
        place.binary,
        started.arguments,
        folder=place.project,
        environment=place.environment(model),
    ) as terminal:
        prompt = await endpoint.came("UserPromptSubmit")
        await endpoint.came("Stop")
        await until(lambda: "OURS" in terminal.text, LIMIT_S)

        assert "Warning" not in terminal.text
        assert prompt.prompt == "hello there"
        assert prompt.session_id == _SESSION
        assert endpoint.authorizations == {"Bearer secret"}
        began = parse_hook((place.folder / "started").read_bytes())
        assert isinstance(began, SessionStart)
        assert place.left("their-hook")
        await until(lambda: place.left("theirs-served") and place.left("ours-served"), LIMIT_S)
        assert not place.left("their-line")  # ours shows it, when it is told to
        status = parse_status((place.folder / "line").read_bytes())
        assert status.session_id == _SESSION
        session = parse_session(session_file(terminal.process.pid, place.home).read_bytes())
        assert (session.session_id, session.version) == (_SESSION, str(place.version))
        assert bool(session.socket) == (str(place.version) == NEWEST)


async def test_a_waiter_brings_a_framed_push_into_the_session(place, endpoint, model):
    (place.folder / "push").write_text(framed([PLAIN], now_ms=PLAIN.received_at_ms))
    script = (
        'test -e "$1/go" && mv "$1/push" "$1/read" 2>/dev/null && cat "$1/read" >&2 && exit 2\n'
    )
    (place.folder / "waiter").write_text(script + "exit 0\n")
    started = launch(place.plan(endpoint), UserFlags(), place.given())

    async with on_terminal(
        place.binary,
        started.arguments,
        folder=place.project,
        environment=place.environment(model),
    ) as terminal:
        await until(lambda: place.left("started"), LIMIT_S)
        (place.folder / "go").touch()
        await terminal.type("first")
        await until(lambda: any(_ids(event) for event in endpoint.events), LIMIT_S)

    (woken,) = [event for event in endpoint.events if _ids(event)]
    assert ids_in(woken.prompt) == ("m-1",)


@pytest.mark.parametrize("place", [NEWEST], indirect=True)
async def test_a_native_frame_brings_a_framed_push_whole(place, endpoint, model):
    started = launch(place.plan(endpoint), UserFlags(), place.given())
    text = framed([PLAIN], now_ms=PLAIN.received_at_ms)
    frame = message_frame(text, uuid=_SESSION, sender="/nobody.sock", sender_name="ops@here")

    async with on_terminal(
        place.binary,
        started.arguments,
        folder=place.project,
        environment=place.environment(model),
    ) as terminal:
        file = session_file(terminal.process.pid, place.home)
        await until(lambda: place.left("started") and file.exists(), LIMIT_S)
        await until(lambda: bool(parse_session(file.read_bytes()).socket), LIMIT_S)
        _, writer = await asyncio.open_unix_connection(parse_session(file.read_bytes()).socket)
        writer.write(frame)
        await writer.drain()
        prompt = await endpoint.came("UserPromptSubmit")
        writer.close()

    assert ids_in(prompt.prompt) == ("m-1",)
    assert "The build is green." in prompt.prompt


async def test_a_headless_session_takes_lines_and_tells_when_they_are_read(place, endpoint, model):
    async with _headless(place, endpoint, model) as process:
        process.stdin.write(line_of("hello there", uuid=_SESSION))
        events = []
        async with asyncio.timeout(LIMIT_S):
            while not any(isinstance(event, TurnEnded) for event in events):
                events.append(parse_event(await process.stdout.readline()))
        process.stdin.close()
        assert await process.wait() == 0

    (replayed,) = [event for event in events if isinstance(event, UserSpoke) and event.is_replay]
    assert (replayed.uuid, replayed.text) == (_SESSION, "hello there")
    assert any(isinstance(event, TurnBegan) and event.version for event in events)
    states = [event.state for event in events if isinstance(event, LineState)]
    assert states[:2] == (["queued", "started"] if str(place.version) == NEWEST else [])
    assert events[-1].text == "Done."
    assert isinstance(await endpoint.came("UserPromptSubmit"), UserPromptSubmit)
    assert place.left("their-hook")


@asynccontextmanager
async def _headless(place, endpoint, model):
    started = launch(place.plan(endpoint, kind="headless"), UserFlags(), place.given())
    process = await asyncio.create_subprocess_exec(
        place.binary,
        *started.arguments,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        cwd=place.project,
        env=place.environment(model),
        limit=16 * 1024 * 1024,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _ids(event):
    return ids_in(event.prompt) if isinstance(event, UserPromptSubmit) else ()

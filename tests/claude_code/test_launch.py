"""Arguments, settings and environment of a session."""

import json
from collections.abc import Mapping

import pytest
from pydantic import JsonValue

from meshbot_core.claude.flags import UserFlags, sorted_flags
from meshbot_core.claude.headless import McpServer
from meshbot_core.claude.hook_settings import (
    WAITER_LIMIT_S,
    CommandHook,
    HttpHook,
    SessionHooks,
    hook_settings,
    known_events,
)
from meshbot_core.claude.launch import Given, SessionPlan, launch, session_environment
from meshbot_core.claude.settings import UserSettings, user_settings
from meshbot_core.claude.version import OLDEST_SUPPORTED, Version

NEWEST = Version(2, 1, 330)
SERVER = McpServer("mesh", ("meshbot", "serve", "--as", "dev"), {"MESHBOT_HOME": "/h"})
HOOKS = SessionHooks(
    events=HttpHook("http://127.0.0.1:7/hooks/dev", "MESHBOT_HOOK_TOKEN"),
    started=CommandHook("/bin/tell", ("started",)),
    waiter=CommandHook("/bin/python", ("-SE", "waiter.py")),
)


def plan(**changes: object) -> SessionPlan:
    wanted = {"kind": "interactive", "version": NEWEST, "server": SERVER, "hooks": HOOKS}
    return SessionPlan(**{**wanted, **changes})


def values(arguments: tuple[str, ...], name: str) -> list[str]:
    return [word.partition("=")[2] for word in arguments if word.startswith(f"{name}=")]


def settings_of(arguments: tuple[str, ...]) -> Mapping[str, JsonValue]:
    (settings,) = values(arguments, "--settings")
    return json.loads(settings)


def test_the_server_of_the_mesh_is_loaded_at_once_and_its_tools_are_allowed():
    arguments = launch(plan(), UserFlags()).arguments

    (config,) = values(arguments, "--mcp-config")
    server = json.loads(config)["mcpServers"]["mesh"]
    assert server["alwaysLoad"] is True
    assert (server["command"], server["args"]) == ("meshbot", ["serve", "--as", "dev"])
    assert values(arguments, "--allowedTools") == ["mcp__mesh"]
    assert values(arguments, "--disallowedTools") == ["ListAgents"]
    assert "--strict-mcp-config" not in arguments


def test_ours_comes_beside_what_the_user_gave():
    user = sorted_flags(
        [
            *("--mcp-config", "a.json", "--allowedTools", "Edit", "--disallowedTools", "WebFetch"),
            *("--model", "opus", "--append-system-prompt", "Be brief.", "go"),
        ]
    )
    arguments = launch(plan(system_prompt="On the mesh."), user).arguments

    assert values(arguments, "--mcp-config")[0] == "a.json"
    assert len(values(arguments, "--mcp-config")) == 2
    assert values(arguments, "--allowedTools") == ["Edit", "mcp__mesh"]
    assert values(arguments, "--disallowedTools") == ["WebFetch", "ListAgents"]
    assert values(arguments, "--append-system-prompt") == ["Be brief.\n\nOn the mesh."]
    assert values(arguments, "--model") == ["opus"]
    assert arguments[-2:] == ("--", "go")


def test_settings_of_the_user_are_joined_into_the_one_flag_that_claude_takes():
    theirs = {"env": {"A": "1"}, "hooks": {"Stop": [{"hooks": [{"command": "x"}]}]}}

    settings = settings_of(launch(plan(), UserFlags(), Given(settings=theirs)).arguments)

    assert settings["env"] == {"A": "1"}
    assert settings["hooks"]["Stop"][0] == theirs["hooks"]["Stop"][0]
    assert len(settings["hooks"]["Stop"]) == 2


def test_a_system_prompt_file_stays_a_flag_until_ours_must_be_joined_with_it():
    user = sorted_flags(["--append-system-prompt-file", "more.md"])

    alone = launch(plan(), user).arguments
    joined = launch(plan(system_prompt="Ours."), user, Given(system_prompt_file="More.")).arguments

    assert values(alone, "--append-system-prompt-file") == ["more.md"]
    assert values(joined, "--append-system-prompt-file") == []
    assert values(joined, "--append-system-prompt") == ["More.\n\nOurs."]


def test_a_fresh_session_gets_our_id_and_one_that_begins_elsewhere_keeps_its_own():
    fresh = launch(plan(session_id="our-id"), UserFlags()).arguments
    resumed = launch(plan(session_id="our-id"), sorted_flags(["-r", "old"])).arguments

    assert values(fresh, "--session-id") == ["our-id"]
    assert values(resumed, "--session-id") == []
    assert values(resumed, "--resume") == ["old"]


def test_a_restart_resumes_without_the_prompt_and_without_where_it_first_began():
    user = sorted_flags(["--continue", "--fork-session", "--model", "opus", "go"])

    arguments = launch(plan(session_id="our-id"), user, resume="the-id").arguments

    assert values(arguments, "--resume") == ["the-id"]
    assert values(arguments, "--model") == ["opus"]
    assert not {"--continue", "--fork-session", "--", "go"} & set(arguments)
    assert values(arguments, "--session-id") == []


def test_a_headless_session_streams_asks_our_tool_and_hands_the_prompt_back():
    started = launch(plan(kind="headless", approval_tool="approve"), sorted_flags(["go"]))

    assert started.arguments[0] == "-p"
    assert {"--input-format=stream-json", "--output-format=stream-json", "--verbose"} <= set(
        started.arguments
    )
    assert values(started.arguments, "--permission-prompt-tool") == ["mcp__mesh__approve"]
    assert started.prompt == "go"
    assert "go" not in started.arguments


def test_an_interactive_session_has_no_permission_tool():
    arguments = launch(plan(approval_tool="approve"), UserFlags()).arguments

    assert values(arguments, "--permission-prompt-tool") == []
    assert "-p" not in arguments


def test_a_status_line_of_ours_keeps_the_members_of_the_users():
    configured = user_settings(
        ['{"statusLine": {"type": "command", "command": "mine", "padding": 3}}']
    )
    arguments = launch(
        plan(status_line="ours"), UserFlags(), Given(configured=configured)
    ).arguments

    assert settings_of(arguments)["statusLine"] == {
        "type": "command",
        "command": "ours",
        "padding": 3,
    }


def test_without_a_status_line_of_ours_the_users_is_left_alone():
    assert "statusLine" not in settings_of(launch(plan(), UserFlags()).arguments)


def test_lists_of_allowed_hooks_are_lengthened_where_they_are_and_never_begun():
    limited = UserSettings(http_hook_urls=("https://a/*",), http_hook_variables=())

    free = settings_of(launch(plan(), UserFlags()).arguments)
    held = settings_of(launch(plan(), UserFlags(), Given(configured=limited)).arguments)

    assert "allowedHttpHookUrls" not in free
    assert held["allowedHttpHookUrls"] == ["http://127.0.0.1:7/hooks/dev"]
    assert held["httpHookAllowedEnvVars"] == ["MESHBOT_HOOK_TOKEN"]


def test_hooks_that_are_switched_off_are_told_and_not_switched_on():
    off = Given(configured=UserSettings(hooks_are_off=True))

    started = launch(plan(), UserFlags(), off)

    assert "disableAllHooks" in started.notices[0]
    assert "disableAllHooks" not in settings_of(started.arguments)
    assert launch(plan(hooks=None), UserFlags(), off).notices == ()


@pytest.mark.parametrize("version", [OLDEST_SUPPORTED, Version(2, 1, 250), NEWEST])
@pytest.mark.parametrize("kind", ["interactive", "headless"])
def test_only_events_that_the_version_knows_are_written(version, kind):
    written = hook_settings(HOOKS, version, kind)["hooks"]

    assert set(written) <= known_events(version)
    assert {"SessionStart", "UserPromptSubmit", "Stop", "StopFailure"} <= set(written)


def test_newer_events_are_for_the_newest_only():
    assert "PreModelSwitch" in known_events(NEWEST)
    assert "PreModelSwitch" not in known_events(Version(2, 1, 329))
    assert not known_events(Version(2, 0, 0))


def test_a_waiter_starts_from_every_event_after_which_a_session_may_be_idle():
    hooks = hook_settings(HOOKS, NEWEST, "interactive")["hooks"]

    waiting = {
        event: hook
        for event, (group,) in hooks.items()
        for hook in group["hooks"]
        if hook.get("asyncRewake")
    }
    assert set(waiting) == {
        "SessionStart",
        "UserPromptSubmit",
        "PostToolUse",
        "Stop",
        "StopFailure",
    }
    assert all(hook["timeout"] == WAITER_LIMIT_S for hook in waiting.values())
    assert waiting["Stop"]["command"] == "/bin/python"
    assert waiting["Stop"]["args"] == ["-SE", "waiter.py"]


def test_a_headless_session_has_no_waiter_and_no_permission_hook():
    written = json.dumps(hook_settings(HOOKS, NEWEST, "headless"))

    assert "asyncRewake" not in written
    assert "PermissionRequest" not in written


def test_the_token_is_named_and_never_written():
    hooks = hook_settings(HOOKS, NEWEST, "interactive")["hooks"]

    (hook,) = hooks["PermissionRequest"][0]["hooks"]
    assert hook["headers"] == {"Authorization": "Bearer $MESHBOT_HOOK_TOKEN"}
    assert hook["allowedEnvVars"] == ["MESHBOT_HOOK_TOKEN"]
    assert hook["timeout"] == HOOKS.approval_limit_s


def test_decision_13_loopback_needs_no_proxy_and_the_users_exceptions_stay():
    environment = session_environment(
        {"NO_PROXY": "example.com, localhost", "no_proxy": "other", "HTTP_PROXY": "http://p"}, {}
    )

    assert environment["NO_PROXY"] == "example.com,localhost,other,127.0.0.1"
    assert environment["no_proxy"] == environment["NO_PROXY"]
    assert environment["HTTP_PROXY"] == "http://p"


def test_the_marks_of_an_outer_session_do_not_reach_the_inner_one():
    environment = session_environment(
        {"CLAUDECODE": "1", "CLAUDE_CODE_SESSION_ID": "x", "CLAUDE_CONFIG_DIR": "/c", "A": "b"},
        {"MESHBOT_HOOK_TOKEN": "t"},
    )

    assert not {"CLAUDECODE", "CLAUDE_CODE_SESSION_ID"} & set(environment)
    assert environment["CLAUDE_CONFIG_DIR"] == "/c"
    assert (environment["A"], environment["MESHBOT_HOOK_TOKEN"]) == ("b", "t")

"""The home and the environment of a claude that knows nobody."""

import json

from meshbot_core.demo.claude_home import clean_environment, model_environment, prepare_home


def test_nothing_of_a_persons_account_or_network_is_inherited(tmp_path, monkeypatch):
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "CLAUDECODE", "CLAUDE_CODE_X"):
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    environment = clean_environment(tmp_path)

    assert "theirs" not in environment.values()
    assert "HTTPS_PROXY" not in environment
    assert environment["HOME"] == str(tmp_path)
    assert environment["PATH"]


def test_the_mesh_of_the_caller_stays_in_reach(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", "here")

    assert clean_environment(tmp_path)["MESHBOT_HOME"]
    assert clean_environment(tmp_path)["XDG_RUNTIME_DIR"] == "here"


def test_the_model_is_named_by_address_and_key(tmp_path):
    environment = clean_environment(tmp_path, model_environment("http://127.0.0.1:1"))

    assert environment["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:1"


def test_a_prepared_home_trusts_the_project_and_the_key(tmp_path):
    prepare_home(tmp_path / "home", tmp_path / "work")

    state = json.loads((tmp_path / "home" / ".claude.json").read_text())
    assert state["hasCompletedOnboarding"] is True
    assert state["projects"][str(tmp_path / "work")]["hasTrustDialogAccepted"] is True
    assert state["customApiKeyResponses"]["approved"] == [
        model_environment("")["ANTHROPIC_API_KEY"]
    ]

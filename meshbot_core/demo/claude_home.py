"""A home and an environment in which ``claude`` starts clean: no account, no first-run screen."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

API_KEY: Final = "sk-ant-dummy"

# An allow list: whatever else a person has set (ANTHROPIC_*, CLAUDE_*, proxies, NODE_OPTIONS)
# would change what is shown or tested, or reach a real account.
_KEPT: Final = (
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TERM", "TMPDIR", "SHELL", "USER", "LOGNAME"),
    *("LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONWARNINGS", "XDG_RUNTIME_DIR", "MESHBOT_HOME"),
)
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def clean_environment(home: Path, extra: Mapping[str, str] = _NOTHING) -> dict[str, str]:
    """The environment of a ``claude`` that lives in ``home`` and calls nobody unasked."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT}
    return kept | {
        "HOME": str(home),
        "NO_PROXY": "127.0.0.1,localhost",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        **extra,
    }


def model_environment(model_url: str) -> dict[str, str]:
    """What points ``claude`` to a scripted model instead of the real one."""
    return {"ANTHROPIC_BASE_URL": model_url, "ANTHROPIC_API_KEY": API_KEY}


def prepare_home(home: Path, *projects: Path) -> None:
    """Make ``home`` one where ``claude`` was set up before and trusts ``projects``."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    trusted = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
    state = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": [API_KEY], "rejected": []},
        "projects": {str(project): trusted for project in projects},
    }
    (home / ".claude.json").write_text(json.dumps(state), encoding="utf-8")

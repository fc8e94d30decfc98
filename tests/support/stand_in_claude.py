"""A small ``claude``: for what needs the program at its borders, and no model behind it."""

import json
import shutil
import sys
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from tests.support import stand_in_program

AtStart = Literal["", "crash", "exit 0", "exit 3", "garbage", "flood", "babble", "hang"]


class Start(BaseModel):
    """How it was started once."""

    pid: int
    arguments: tuple[str, ...]
    folder: str
    environment: dict[str, str]
    """What meshbot put into it."""


def stand_in_claude(
    folder: Path,
    *,
    version: str = "2.1.330",
    is_logged_in: bool = True,
    at_start: AtStart = "",
    last_words: str = "it ends at once",
) -> Path:
    """Make an executable ``claude`` in ``folder``; what it can do: ``stand_in_program``.

    ``last_words`` are what it says before it exits at its start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    facts = {
        "version": version, "is_logged_in": is_logged_in, "at_start": at_start,
        "last_words": last_words,
    }  # fmt: skip
    (folder / "stand-in.json").write_text(json.dumps(facts))
    program = folder / "stand_in_program.py"
    shutil.copyfile(stand_in_program.__file__, program)
    binary = folder / "claude"
    binary.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{program}" "$@"\n')
    binary.chmod(0o700)
    return binary


def starts(binary: Path) -> tuple[Start, ...]:
    """How the stand-in was started, each time in turn."""
    try:
        lines = (binary.parent / "starts.jsonl").read_text().splitlines()
    except FileNotFoundError:
        return ()
    return tuple(Start.model_validate_json(line) for line in lines)

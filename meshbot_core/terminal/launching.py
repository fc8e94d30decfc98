"""The words that start a program through ``launcher.py``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_LAUNCHER: Final = Path(__file__).with_name("launcher.py")


def launched(argv: Sequence[str], *, has_terminal: bool, mark: str = "") -> list[str]:
    """The command that becomes ``argv``, and ends with this process however that ends.

    Args:
        argv: The program and its arguments.
        has_terminal: Standard input is a terminal, and becomes the controlling one.
        mark: An environment variable of the program: when this process dies, whatever has the
            same value of it is ended too (Linux).
    """
    words = [sys.executable, "-I", "-S", str(_LAUNCHER)]
    words += ["--tty"] if has_terminal else []
    words += ["--mark", mark] if mark else []
    return [*words, "--", *argv]

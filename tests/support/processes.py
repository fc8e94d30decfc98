"""What tests ask about processes."""

import psutil


def is_gone(pid: int) -> bool:
    """Whether it ended; one that nobody has reaped yet did."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def commands_with(text: str) -> list[str]:
    """The command lines of this machine's processes that hold ``text``."""
    found = psutil.process_iter(["cmdline"])
    commands = [" ".join(process.info["cmdline"] or ()) for process in found]
    return [command for command in commands if text in command]

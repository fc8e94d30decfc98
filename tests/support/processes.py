"""What tests ask about processes."""

import psutil


def is_gone(pid: int) -> bool:
    """Whether it ended; one that nobody has reaped yet did."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True

"""What a process made at its start is looked at no more."""

import subprocess
import sys

SETTLES = """
import gc
from meshbot_core import garbage
garbage.hold()
assert not gc.isenabled()
import asyncio
garbage.settle()
young = len(gc.get_objects())
made = [[] for _ in range(10)]
made.append(made)
del made
print(gc.isenabled(), gc.get_freeze_count() > 1000 > young, gc.collect() >= 1)
"""


def test_what_the_start_made_stays_and_what_comes_later_is_collected():
    command = [sys.executable, "-c", SETTLES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.stdout.split() == ["True"] * 3, done

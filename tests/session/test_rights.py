"""Decision 13: a session, and what it started, does not decide for sessions."""

import os
import subprocess
import sys

import psutil
import pytest

from meshbot_core.errors import DecisionForbiddenError
from meshbot_core.session.rights import SESSION_MARK, check_may_decide, may_decide

_WAIT = "import sys; print('up', flush=True); sys.stdin.read()"
_PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_WAIT!r}])"


@pytest.fixture
def started():
    """Start a process that lives until the test ends."""
    running = []

    def start(program, **environment):
        process = subprocess.Popen(  # noqa: S603 -- programs of this file
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | environment,
        )
        running.append(process)
        assert process.stdout.readline() == b"up\n"
        return process

    yield start
    for process in running:
        process.communicate()


@pytest.mark.slow
def test_a_grandchild_of_a_sessions_claude_may_not_decide_and_others_may(started):
    claude = started(_PARENT)
    (child,) = psutil.Process(claude.pid).children()
    other = started(_WAIT)

    assert not may_decide(child.pid, sessions=[claude.pid])
    assert not may_decide(claude.pid, sessions=[1_999_999, claude.pid])
    assert may_decide(child.pid, sessions=[other.pid])
    assert may_decide(other.pid, sessions=[claude.pid])
    with pytest.raises(DecisionForbiddenError) as refused:
        check_may_decide(child.pid, [claude.pid])
    assert refused.value.http_status == 403


@pytest.mark.slow
def test_what_a_session_left_behind_under_another_parent_may_not_decide(started):
    detached = started(_WAIT, **{SESSION_MARK: "token"})

    assert not may_decide(detached.pid, sessions=[])


def test_a_process_that_is_gone_may_not_decide():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    assert not may_decide(gone.pid, sessions=[])


def test_where_the_system_does_not_tell_the_process_the_sockets_owner_may_decide():
    assert may_decide(None, sessions=[1])

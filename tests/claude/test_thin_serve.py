"""Whatever is killed, there is one host, then none, and nothing acknowledged is lost."""

import pytest

from meshbot_core.demo.binaries import VERSIONS
from tests.bench.thin_serve import play
from tests.support.claude import required_claude


@pytest.mark.claude
@pytest.mark.slow
# The first ends with everything killed at once, the second in order.
@pytest.mark.parametrize(("seed", "version"), zip((0, 9), VERSIONS, strict=True))
async def test_decision_10_kills_of_serve_claude_and_host_lose_nothing(tmp_path, seed, version):
    played = await play(required_claude(version), tmp_path, seed)

    assert played.faults == []
    assert played.promised
    assert played.delivered

"""``doctor``: look at everything that can be wrong, and say what to do."""

from collections.abc import Iterator

import click

from meshbot_core.cli.agent_checks import agent_findings
from meshbot_core.cli.findings import Finding, broken
from meshbot_core.cli.machine_checks import claude_finding, machine_findings
from meshbot_core.cli.mesh_checks import mesh_findings
from meshbot_core.cli.options import json_option, mesh_option
from meshbot_core.cli.peer_checks import peer_findings
from meshbot_core.cli.show import JsonRows, line
from meshbot_core.errors import MeshError
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.paths import home_folder, open_mesh


@click.command()
@json_option
@mesh_option
@click.pass_context
def doctor(context: click.Context, *, is_json: bool, mesh: str) -> None:
    """Check this machine and mesh; each line says what, how it is, and what to do.

    Ends with 1 when something is broken.
    """
    count = 0
    if is_json:
        with JsonRows() as rows:
            for finding in _findings(mesh):
                rows.add(finding.as_row())
                count += finding.state == "broken"
    else:
        for finding in _findings(mesh):
            line(finding.as_line())
            count += finding.state == "broken"
        line(f"{count} broken." if count else "Nothing is broken.")
    context.exit(1 if count else 0)


def _findings(mesh: str) -> Iterator[Finding]:
    yield from machine_findings(home_folder())
    try:
        paths = open_mesh(mesh)
        config = read_config(paths)
    except MeshError as error:
        yield claude_finding()
        yield broken("mesh", str(error), error.hint or "correct the file")
        return
    yield claude_finding(config.sessions.claude)
    yield from mesh_findings(paths, config)
    yield from agent_findings(paths, config)
    try:
        yield from peer_findings(paths, config)
    except MeshError as error:
        yield broken("peers", str(error), error.hint)

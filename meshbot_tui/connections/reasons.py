"""Why something could not be done, as a person is told."""

from meshbot_core.errors import MeshError
from meshbot_tui.model.wording import in_console


def reason_of(error: MeshError) -> str:
    """An error and what to do, on one line."""
    return in_console(f"{error}; {error.hint}" if error.hint else str(error))


def reason_of_first(group: BaseExceptionGroup[MeshError]) -> str:
    """The same of the first of several."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return reason_of(error) if isinstance(error, MeshError) else str(error)

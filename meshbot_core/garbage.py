"""When a process that runs for long looks for garbage: not while it starts, seldom afterwards.

A look at everything stops everything else: with what the imports alone leave, a tenth of a second
and more on a slow machine, again and again, in the middle of a message or a key.
"""

import gc
from typing import Final

_SELDOM: Final = 30
"""So many looks at what is young go by before one at all that came since."""


def hold() -> None:
    """Look for none until ``settle``; to be called before the imports."""
    gc.disable()


def settle() -> None:
    """What is there now will stay, and is looked at no more; what comes later is."""
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _SELDOM)
    gc.enable()

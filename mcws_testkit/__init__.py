"""The test kit of mcws: fake sockets, a simulated network and property suites for any protocol.

Names are imported when they are used, so that a run of pytest that uses none of them, but has the
plugin, pays for none of them.
"""

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ._choices import BenignChoices, Choices, ReplayedChoices, SeededChoices
    from ._faults import Faults
    from ._host import Host, HostDown
    from ._loop import SimLoop
    from ._report import Report
    from ._simulate import simulate
    from ._speech import Speech
    from ._trace import Trace, TraceEvent
    from ._verdicts import SimDeadlock, SimError, SimEscape, SimLeak, SimLivelock
    from ._world import World

__all__ = [
    "BenignChoices",
    "Choices",
    "Faults",
    "Host",
    "HostDown",
    "ReplayedChoices",
    "Report",
    "SeededChoices",
    "SimDeadlock",
    "SimError",
    "SimEscape",
    "SimLeak",
    "SimLivelock",
    "SimLoop",
    "Speech",
    "Trace",
    "TraceEvent",
    "World",
    "simulate",
]

_HOMES: Final = {
    "_choices": (
        "BenignChoices",
        "Choices",
        "ReplayedChoices",
        "SeededChoices",
    ),
    "_faults": ("Faults",),
    "_host": (
        "Host",
        "HostDown",
    ),
    "_loop": ("SimLoop",),
    "_report": ("Report",),
    "_simulate": ("simulate",),
    "_speech": ("Speech",),
    "_trace": (
        "Trace",
        "TraceEvent",
    ),
    "_verdicts": (
        "SimDeadlock",
        "SimError",
        "SimEscape",
        "SimLeak",
        "SimLivelock",
    ),
    "_world": ("World",),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import a public name from its module, once."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return __all__

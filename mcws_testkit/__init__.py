"""The test kit of mcws: fake sockets, a simulated network and property suites for any protocol.

Names are imported when they are used, so that a run of pytest that uses none of them, but has the
plugin, pays for none of them.
"""

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ._choices import BenignChoices, Choices, ReplayedChoices, SeededChoices
    from ._ends_under_test import ClientUnderTest, Connected, Served, ServerUnderTest
    from ._events import Event, Events
    from ._faults import Faults
    from ._framed_client import FramedClient
    from ._host import Host, HostDown
    from ._judgement import BrokenPromise
    from ._lifecycle_machine import LifecycleMachine
    from ._lifecycle_suite import LifecycleSuite
    from ._loop import SimLoop
    from ._promises import Promise
    from ._script import Script, Step
    from ._simulate import simulate
    from ._trace import Trace, TraceEvent
    from ._verdicts import SimDeadlock, SimError, SimEscape, SimLeak, SimLivelock
    from ._world import World

__all__ = [
    "BenignChoices",
    "BrokenPromise",
    "Choices",
    "ClientUnderTest",
    "Connected",
    "Event",
    "Events",
    "Faults",
    "FramedClient",
    "Host",
    "HostDown",
    "LifecycleMachine",
    "LifecycleSuite",
    "Promise",
    "ReplayedChoices",
    "Script",
    "SeededChoices",
    "Served",
    "ServerUnderTest",
    "SimDeadlock",
    "SimError",
    "SimEscape",
    "SimLeak",
    "SimLivelock",
    "SimLoop",
    "Step",
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
    "_ends_under_test": (
        "ClientUnderTest",
        "Connected",
        "Served",
        "ServerUnderTest",
    ),
    "_events": (
        "Event",
        "Events",
    ),
    "_faults": ("Faults",),
    "_framed_client": ("FramedClient",),
    "_host": (
        "Host",
        "HostDown",
    ),
    "_judgement": ("BrokenPromise",),
    "_lifecycle_machine": ("LifecycleMachine",),
    "_lifecycle_suite": ("LifecycleSuite",),
    "_loop": ("SimLoop",),
    "_promises": ("Promise",),
    "_script": (
        "Script",
        "Step",
    ),
    "_simulate": ("simulate",),
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

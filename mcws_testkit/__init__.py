"""The test kit of mcws: fake sockets, a simulated network and property suites for any protocol.

Names are imported when they are used, so that a run of pytest that uses none of them, but has the
plugin, pays for none of them.
"""

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ._blocking import CableSocket, socket_pair
    from ._cable import Cable
    from ._cable_transport import CableTransport
    from ._choices import BenignChoices, Choices, ReplayedChoices, SeededChoices
    from ._codec_suite import CodecSuite
    from ._ends_under_test import ClientUnderTest, Connected, Served, ServerUnderTest
    from ._events import Event, Events
    from ._fake_client import FakeClient
    from ._fake_connection import FakeConnection
    from ._faults import Faults
    from ._framed_client import FramedClient
    from ._framing_suite import FramingSuite
    from ._host import Host, HostDown
    from ._judgement import BrokenPromise
    from ._lifecycle_machine import LifecycleMachine
    from ._lifecycle_script import Act, Script, Step
    from ._lifecycle_suite import LifecycleSuite
    from ._loop import SimLoop
    from ._memory import Joining, MemoryDial, connected, memory_pair
    from ._pairs import Pair, Side, Stream, stream_pair, transport_pair
    from ._promises import Promise
    from ._report import Report
    from ._script import ScriptMismatch
    from ._scripted_peer import ScriptedPeer
    from ._settled import settled
    from ._simulate import simulate
    from ._speech import Speech
    from ._trace import Trace, TraceEvent
    from ._verdicts import SimDeadlock, SimError, SimEscape, SimLeak, SimLivelock
    from ._wire_suite import WireSuite
    from ._world import World, WorldOptions

__all__ = [
    "Act",
    "BenignChoices",
    "BrokenPromise",
    "Cable",
    "CableSocket",
    "CableTransport",
    "Choices",
    "ClientUnderTest",
    "CodecSuite",
    "Connected",
    "Event",
    "Events",
    "FakeClient",
    "FakeConnection",
    "Faults",
    "FramedClient",
    "FramingSuite",
    "Host",
    "HostDown",
    "Joining",
    "LifecycleMachine",
    "LifecycleSuite",
    "MemoryDial",
    "Pair",
    "Promise",
    "ReplayedChoices",
    "Report",
    "Script",
    "ScriptMismatch",
    "ScriptedPeer",
    "SeededChoices",
    "Served",
    "ServerUnderTest",
    "Side",
    "SimDeadlock",
    "SimError",
    "SimEscape",
    "SimLeak",
    "SimLivelock",
    "SimLoop",
    "Speech",
    "Step",
    "Stream",
    "Trace",
    "TraceEvent",
    "WireSuite",
    "World",
    "WorldOptions",
    "connected",
    "memory_pair",
    "settled",
    "simulate",
    "socket_pair",
    "stream_pair",
    "transport_pair",
]

_HOMES: Final = {
    "_blocking": ("CableSocket", "socket_pair"),
    "_cable": ("Cable",),
    "_cable_transport": ("CableTransport",),
    "_choices": ("BenignChoices", "Choices", "ReplayedChoices", "SeededChoices"),
    "_codec_suite": ("CodecSuite",),
    "_ends_under_test": ("ClientUnderTest", "Connected", "Served", "ServerUnderTest"),
    "_events": ("Event", "Events"),
    "_fake_client": ("FakeClient",),
    "_fake_connection": ("FakeConnection",),
    "_faults": ("Faults",),
    "_framed_client": ("FramedClient",),
    "_framing_suite": ("FramingSuite",),
    "_host": ("Host", "HostDown"),
    "_judgement": ("BrokenPromise",),
    "_lifecycle_machine": ("LifecycleMachine",),
    "_lifecycle_script": ("Act", "Script", "Step"),
    "_lifecycle_suite": ("LifecycleSuite",),
    "_loop": ("SimLoop",),
    "_memory": ("Joining", "MemoryDial", "connected", "memory_pair"),
    "_pairs": ("Pair", "Side", "Stream", "stream_pair", "transport_pair"),
    "_promises": ("Promise",),
    "_report": ("Report",),
    "_script": ("ScriptMismatch",),
    "_scripted_peer": ("ScriptedPeer",),
    "_settled": ("settled",),
    "_simulate": ("simulate",),
    "_speech": ("Speech",),
    "_trace": ("Trace", "TraceEvent"),
    "_verdicts": ("SimDeadlock", "SimError", "SimEscape", "SimLeak", "SimLivelock"),
    "_wire_suite": ("WireSuite",),
    "_world": ("World", "WorldOptions"),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import a public name from its module, once.

    Raises:
        ModuleNotFoundError: it needs Hypothesis, which is not installed; the error says how to.
    """
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        home = importlib.import_module(f".{_HOME_OF[name]}", __name__)
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        problem = f"{name} needs Hypothesis: pip install 'mcws[testkit]'"
        raise ModuleNotFoundError(problem, name=error.name) from error
    value: object = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return __all__

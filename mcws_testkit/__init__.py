"""The test kit of mcws: fake sockets, a simulated network and property suites for any protocol.

Names are imported when they are used, so that a run of pytest that uses none of them, but has the
plugin, pays for none of them.
"""

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ._choices import BenignChoices, Choices, ReplayedChoices, SeededChoices
    from ._codec_suite import CodecSuite
    from ._framing_suite import FramingSuite
    from ._trace import Trace, TraceEvent
    from ._verdicts import SimDeadlock, SimError, SimEscape, SimLeak, SimLivelock
    from ._wire_suite import WireSuite

__all__ = [
    "BenignChoices",
    "Choices",
    "CodecSuite",
    "FramingSuite",
    "ReplayedChoices",
    "SeededChoices",
    "SimDeadlock",
    "SimError",
    "SimEscape",
    "SimLeak",
    "SimLivelock",
    "Trace",
    "TraceEvent",
    "WireSuite",
]

_HOMES: Final = {
    "_choices": ("BenignChoices", "Choices", "ReplayedChoices", "SeededChoices"),
    "_codec_suite": ("CodecSuite",),
    "_framing_suite": ("FramingSuite",),
    "_trace": ("Trace", "TraceEvent"),
    "_verdicts": ("SimDeadlock", "SimError", "SimEscape", "SimLeak", "SimLivelock"),
    "_wire_suite": ("WireSuite",),
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

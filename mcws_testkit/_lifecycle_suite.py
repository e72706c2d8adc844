"""LifecycleSuite: the laws of connections from connect to disconnect, for any server and client."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar, Final

from hypothesis import HealthCheck, given, settings

from ._ends_under_test import ClientUnderTest, ServerUnderTest
from ._faults import Faults
from ._host import Host
from ._judgement import check
from ._lifecycle_script import Script, Step, scripts
from ._options import OPTIONS
from ._play import Play
from ._promises import Promise
from ._speech import Speaks, Speech
from ._stage import Stage
from ._verdicts import SimLeak
from ._visits import Record
from ._world import World
from ._worlds import PHASES, worlds

NETWORKS: Final[dict[str, tuple[Faults, str]]] = {
    "test_undisturbed_network": (
        Faults.benign(),
        "All promises hold where nothing goes wrong but what the script does.",
    ),
    "test_any_cuts_and_delays": (
        Faults.tcp(),
        "All promises hold, and nothing is lost, however TCP cuts and delays.",
    ),
    "test_chaos": (
        Faults.chaos(),
        "Resets, stalls and partitions cost the end of a stream, never the middle, none twice.",
    ),
}
"""The tests of a suite: what disturbs its network, and its law."""


class LifecycleSuite:
    """Tests a server and its clients with scripts of what clients do and networks do to them.

    ::

        class TestMyServer(LifecycleSuite):
            promises = Promise.core() | {Promise.BROADCAST}

            async def start(self, host: Host) -> ServerUnderTest:
                return await MyServer.start(host.name, 8080, Events())

            async def connect(self, host: Host, port: int) -> ClientUnderTest:
                return await MyClient.connect("server", port)

    Both methods run in a simulated world, each on its host: asyncio code, unchanged. Three tests
    run scripts of Hypothesis, as ``c1.send x3; c2.kill; server.drain``, with three clients, on a
    network that is undisturbed, cuts and delays, or does all that networks do. In the end the
    network heals, whoever is connected has to be alive, and everything is ended.

    Attributes:
        promises: what the ends promise; each that is left out is not asked for.
        examples: of each test; None for as many as the profile of Hypothesis says.
        speaks: what the connections speak, so that a failure shows frames.
        held_bytes_max: what the server may hold for a client that does not read.
        prompt_s: seconds in which a request has to fail once its connection is lost.

    Raises:
        TypeError: at the definition of a class whose ``start`` or ``connect`` is not async, which
            promises ``RELEASE`` without ``TIDY``, or which is named ``Test...`` and lacks one of
            the two methods.
    """

    promises: ClassVar[frozenset[Promise]] = Promise.all()
    examples: ClassVar[int | None] = None
    speaks: ClassVar[Speaks | Speech | None] = None
    held_bytes_max: ClassVar[int] = 256 << 10
    prompt_s: ClassVar[float] = 1.0

    async def start(self, host: Host) -> ServerUnderTest:
        """Start a server on ``host``, whose name is ``server``."""
        raise NotImplementedError

    async def connect(self, host: Host, port: int) -> ClientUnderTest:
        """Connect a client on ``host`` to ``port`` of the host ``server``; return it connected."""
        raise NotImplementedError

    def payload(self, text: str) -> bytes:
        """Return a message that says ``text``, which is unique; for codecs that want more."""
        return text.encode()

    def live(self, script: Script, world: World) -> None:
        """Play one script in one world.

        Raises:
            BrokenPromise: a promise does not hold.
            SimError: the programs deadlock, never end or leave something.
        """
        life = Life(self, world)
        world.script = str(script)
        try:
            with world:
                life.begin()
                for step in script:
                    life.play(step)
                life.finish()
        except BaseException as error:
            if isinstance(error, SimLeak) and Promise.TIDY not in self.promises:
                return
            error.add_note(f"script: {script}")
            error.add_note(f"network: {world!r}")
            raise

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, example in EXAMPLES.items():
            if not inspect.iscoroutinefunction(getattr(cls, name)):
                raise TypeError(f"{name} of {cls.__name__} is not async: {example}")
        if Promise.RELEASE in cls.promises and Promise.TIDY not in cls.promises:
            # What a client still holds is found as what is left, which is not looked at then.
            problem = f"{cls.__name__} promises RELEASE, which only TIDY checks"
            raise TypeError(f"{problem}: promise both, or leave out RELEASE too")
        if not cls.__name__.startswith("Test"):
            return
        for name in ("start", "connect"):
            if getattr(cls, name) is getattr(LifecycleSuite, name):
                raise TypeError(f"{cls.__name__} does not say what it tests: {EXAMPLES[name]}")
        for name, (faults, law) in NETWORKS.items():
            setattr(cls, name, _test(cls, name, faults, law))


class Life:
    """One life of the ends under test, step by step, for who does not have a whole script.

    Attributes:
        record: what was done and seen.
    """

    def __init__(self, suite: LifecycleSuite, world: World) -> None:
        self.record = Record(suite.promises, suite.prompt_s, suite.held_bytes_max)
        self._world = world
        self._play = Play(Stage(suite, world, self.record))

    def begin(self) -> None:
        """Start the server."""
        self._world.step(self._play.begin())

    def play(self, step: Step) -> None:
        """Play one step."""
        self._world.step(self._play.play(step))

    def finish(self) -> None:
        """Heal the network, ask for a proof of life, end everything and judge.

        Raises:
            BrokenPromise: a promise does not hold.
        """
        self._world.step(self._play.finish())
        check(self.record)


EXAMPLES: Final = {
    "start": "define `async def start(self, host: Host) -> ServerUnderTest`",
    "connect": "define `async def connect(self, host: Host, port: int) -> ClientUnderTest`",
}
"""What to write instead of nothing."""


def _test(suite: type[LifecycleSuite], name: str, faults: Faults, law: str) -> Callable[..., None]:
    """Return one test of one class; each has its own, so that none meets another's examples."""

    def test(self: LifecycleSuite, script: Script, world: World) -> None:
        self.live(script, world)

    test.__name__ = name
    test.__qualname__ = f"{suite.__qualname__}.{name}"
    test.__module__ = suite.__module__
    test.__doc__ = law
    drawn: Any = given(script=scripts(suite.promises), world=worlds(faults, speaks=suite.speaks))(
        test
    )
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.differing_executors]
    options: dict[str, Any] = {"max_examples": suite.examples or OPTIONS.universes}
    if OPTIONS.replay is not None:
        options = {"max_examples": 1}
    elif options["max_examples"] is None:
        options = {}
    made: Callable[..., None] = settings(
        deadline=None,
        suppress_health_check=quiet,
        phases=PHASES,
        print_blob=False,
        **options,
    )(drawn)
    return made

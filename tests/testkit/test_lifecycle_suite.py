"""LifecycleSuite: a server of one's own in at most eight lines, and what is said of mistakes."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from mcws_protocol import Lines
from mcws_testkit import (
    BrokenPromise,
    ClientUnderTest,
    Connected,
    Events,
    Faults,
    FramedClient,
    Host,
    LifecycleSuite,
    Promise,
    Script,
    Served,
    ServerUnderTest,
    SimLeak,
    Step,
    World,
)
from mcws_testkit._lifecycle_script import Act
from mcws_testkit._lifecycle_suite import Life
from mcws_testkit._options import OPTIONS
from tests.testkit.line_server import LineServer
from tests.testkit.mutants.clients import ConnectionLeftOpen
from tests.testkit.mutants.reference import Reference
from tests.testkit.mutants.reference_server import Server
from tests.testkit.mutants.servers import ConnectToldToTalkers, TaskLeft


class TestLineServer(LifecycleSuite):  # noqa: D101 - eight lines, as a user writes them
    promises = Promise.core() | {Promise.ECHO, Promise.HALF_CLOSE}

    async def start(self, host: Host) -> ServerUnderTest:  # noqa: D102
        server = await LineServer.start(8080, events := Events())
        return Served.of(server, 8080, events)

    async def connect(self, host: Host, port: int) -> ClientUnderTest:  # noqa: D102
        return FramedClient(*await asyncio.open_connection("server", port), Lines())


class Hasty(LineServer):
    """Its stop does not wait for the handlers that run."""

    async def stop(self) -> None:
        """Let nobody in, and everybody go."""
        assert self._listener is not None
        self._listener.close()
        for writer in self._writers:
            writer.transport.abort()


class HastyLines(TestLineServer):
    """A server whose handlers end behind its stop."""

    __test__ = False

    async def start(self, host: Host) -> ServerUnderTest:
        """Start it."""
        server = await Hasty.start(8080, events := Events())
        return Served.of(server, 8080, events)


class TestReference(Reference):
    """The reference keeps all promises."""


def test_server_of_ones_own_takes_eight_lines() -> None:
    """The class above has at most eight lines of code."""
    source = inspect.getsource(TestLineServer)
    assert len([line for line in source.splitlines() if line.strip()]) <= 8


def test_suite_without_start_says_what_is_missing() -> None:
    """A suite that starts nothing is refused when it is defined."""
    with pytest.raises(TypeError, match="TestNothing does not say what it tests: define `async"):
        type("TestNothing", (LifecycleSuite,), {})


def test_suite_without_connect_says_what_is_missing() -> None:
    """A suite that connects nobody is refused when it is defined."""
    with pytest.raises(TypeError, match="`async def connect"):
        type("TestNobody", (LifecycleSuite,), {"start": Reference.start})


@pytest.mark.parametrize("name", ["start", "connect"])
def test_suite_that_is_not_async_is_refused(name: str) -> None:
    """Both methods run as coroutines, on their hosts."""

    def plain(self: LifecycleSuite, *_: object) -> None:
        """Do nothing."""

    with pytest.raises(TypeError, match=f"{name} of Plain is not async: define `async def {name}"):
        type("Plain", (Reference,), {name: plain})


@pytest.mark.parametrize(("name", "what"), [("start", "Server"), ("connect", "Client")])
@pytest.mark.parametrize("act", [Act.CONNECT, Act.SEND, Act.STOP])
def test_return_that_was_forgotten_is_told(name: str, what: str, act: Act) -> None:
    """A suite whose method returns nothing would test nothing."""

    async def forgets(self: LifecycleSuite, *_: object) -> None:
        """Return nothing."""

    suite = type("Forgets", (Reference,), {name: forgets})
    with pytest.raises(TypeError, match=rf"{name}\(\) returned None: return a {what}UnderTest"):
        live(suite(), Step(Act.SEND), Step(act))


class Messy(Reference):
    """A server that leaves a task."""

    server = type("Messy", (Server,), {"session": TaskLeft})


class Untidy(Messy):
    """A server that leaves a task and does not promise otherwise."""

    promises = Promise.all() - {Promise.TIDY, Promise.RELEASE}


def live(suite: LifecycleSuite, *steps: Step) -> None:
    """Play steps on an undisturbed network."""
    suite.live(Script(steps), World(Faults.benign()))


@pytest.mark.parametrize("suite", [TestLineServer, HastyLines])
@pytest.mark.parametrize("count", [1, 30])
def test_handlers_end_behind_a_stop(suite: type[LifecycleSuite], count: int) -> None:
    """The end of a connection may be told once its handler is done, behind a stop of the script."""
    live(suite(), Step(Act.SLOW, 1, count), Step(Act.STOP))


class Talkers(Reference):
    """A server that does not tell who says nothing."""

    server = type("Talkers", (Server,), {"session": ConnectToldToTalkers})


@pytest.mark.parametrize("more", [[], [Step(Act.SEND, 2)], [Step(Act.CONNECT, 2)]])
def test_who_says_nothing_has_to_be_told(more: list[Step]) -> None:
    """A connection is told before its client has sent anything."""
    with pytest.raises(BrokenPromise, match=r"told while these had one: c1\.1") as it:
        live(Talkers(), Step(Act.CONNECT), *more)
    assert it.value.promises == (Promise.CONNECT,)


def test_who_has_left_need_not_have_been_told() -> None:
    """Who leaves at once may have gone before his server looked."""
    live(Talkers(), Step(Act.CONNECT, overlaps=True), Step(Act.CLOSE))


def test_failure_names_script_and_network() -> None:
    """What was played is part of the failure, as one line each."""
    with pytest.raises(SimLeak) as caught:
        live(Messy(), Step(Act.SEND, 1, 3), Step(Act.DRAIN))
    assert caught.value.__notes__ == [
        "script: c1.send x3; server.drain",
        "network: <World benign>",
    ]


def test_leak_is_no_failure_where_nobody_promised() -> None:
    """Without ``Promise.TIDY`` what is left is not looked at."""
    live(Untidy(), Step(Act.CONNECT))


class LeftOpen(Reference):
    """A client that lets go of its connection in its ``close`` only."""

    client = ConnectionLeftOpen


class Closed(LeftOpen):
    """It does not promise more."""

    promises = Promise.all() - {Promise.RELEASE}


ENDS: list[Step] = [Step(Act.STOP), Step(Act.DRAIN), Step(Act.DIE), Step(Act.HALF_CLOSE)]


@pytest.mark.parametrize("step", ENDS, ids=str)
def test_client_that_was_told_the_end_is_closed(step: Step) -> None:
    """The suite closes it, as a program would, unless the client promises to let go by itself."""
    live(Closed(), Step(Act.CONNECT), step)
    with pytest.raises(SimLeak, match="connection"):
        live(LeftOpen(), Step(Act.CONNECT), step)


def test_release_without_tidy_is_refused() -> None:
    """A promise that nothing would check is not made in silence."""
    promises = Promise.all() - {Promise.TIDY}
    with pytest.raises(TypeError, match=r"^Held promises RELEASE, which only TIDY checks: promise"):
        type("Held", (LeftOpen,), {"promises": promises})


@pytest.mark.parametrize("act", [Act.CLOSE, Act.ABORT, Act.KILL])
def test_client_that_ended_by_itself_is_closed_once(act: Act) -> None:
    """What the script has ended the suite does not end again."""
    life = Life(Closed(), world := World(Faults.benign()))
    with world:
        life.begin()
        for step in (Step(Act.CONNECT), Step(act)):
            life.play(step)
        life.finish()
    calls = [call.name for call in life.record.visits[0].calls]
    assert calls.count("close") == (act is Act.CLOSE)


def test_promise_without_its_method_is_refused() -> None:
    """A promise that the server has no method for names it, and says what to do."""

    class Mute(Reference):
        """A server that cannot broadcast."""

        async def start(self, host: Host) -> ServerUnderTest:
            """Start a server without a method."""
            server = Server()
            await server.start()
            return Served(8080, server.events, server.stop)

    with pytest.raises(TypeError, match=r"needs `broadcast`.*take the promise out of `promises`"):
        live(Mute(), Step(Act.CONNECT))


def test_promise_without_the_method_of_a_client_is_refused() -> None:
    """The same holds for clients."""

    class Deaf(Reference):
        """A client that cannot pause."""

        async def connect(self, host: Host, port: int) -> ClientUnderTest:
            """Connect a client without a method."""
            client = await self.client.connect("server", port)
            return Connected.of(client, pause=None)

    with pytest.raises(TypeError, match="PAUSE is promised, which needs `pause`"):
        live(Deaf(), Step(Act.CONNECT))


def test_client_without_abort_is_killed_instead() -> None:
    """Where a client cannot abort, its process ends."""

    class Simple(Reference):
        """A client without an abort."""

        async def connect(self, host: Host, port: int) -> ClientUnderTest:
            """Connect a client without a method."""
            return Connected.of(await self.client.connect("server", port), abort=None)

    world = World(Faults.benign())
    Simple().live(Script([Step(Act.SEND), Step(Act.ABORT)]), world)
    assert any(event.kind == "kill" for event in world.trace)


def test_start_and_connect_have_to_be_defined() -> None:
    """A base class of suites may lack both, and says so only when it is used."""
    with pytest.raises(NotImplementedError):
        live(LifecycleSuite(), Step(Act.CONNECT))


def test_connect_that_raises_is_a_broken_promise() -> None:
    """Who is not let in by a server that is up is told with the reason."""

    class Closed(Reference):
        """A client that cannot connect."""

        async def connect(self, host: Host, port: int) -> ClientUnderTest:
            """Fail."""
            raise OSError("no route")

    with pytest.raises(BrokenPromise, match="no route") as caught:
        live(Closed(), Step(Act.CONNECT))
    assert caught.value.promises == (Promise.LIVENESS,)
    assert isinstance(caught.value.__cause__, OSError)


class Refused(Reference):
    """A client that is not let in."""

    async def connect(self, host: Host, port: int) -> ClientUnderTest:
        """Fail."""
        raise OSError("no route")


@pytest.mark.parametrize("act", [Act.SEND, Act.REQUEST, Act.FLOOD, Act.CLOSE, Act.PAUSE, Act.STALL])
def test_who_is_not_connected_does_nothing(act: Act) -> None:
    """Whatever a script asks of a client that was refused, the refusal is all there is to tell."""
    with pytest.raises(BrokenPromise) as caught:
        live(Refused(), Step(act, 1, 2))
    assert caught.value.promises == (Promise.LIVENESS,)


def test_connect_has_to_be_defined() -> None:
    """A base class that only starts a server says so when somebody connects."""

    class Half(LifecycleSuite):
        """Starts a server."""

        async def start(self, host: Host) -> ServerUnderTest:
            """Start one."""
            return await Reference().start(host)

    with pytest.raises(BrokenPromise) as caught:
        live(Half(), Step(Act.CONNECT))
    assert isinstance(caught.value.__cause__, NotImplementedError)


@pytest.mark.parametrize("option", [{"replay": "benign"}, {"universes": 3}])
def test_command_line_says_how_many_examples(
    option: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One for a replay, and what the profile of the command line says otherwise."""
    for name, value in option.items():
        monkeypatch.setattr(OPTIONS, name, value)
    suite: Any = type("TestFew", (Reference,), {})
    expected = option.get("universes", 1)
    assert suite.test_chaos._hypothesis_internal_use_settings.max_examples == expected

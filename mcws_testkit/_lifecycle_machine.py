"""LifecycleMachine: the suite of life cycles as a state machine of Hypothesis."""

from __future__ import annotations

from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ._faults import Faults
from ._lifecycle_script import CLIENTS, COUNT, Act, Step, acts_for
from ._lifecycle_suite import Life, LifecycleSuite
from ._promises import Promise
from ._verdicts import SimLeak
from ._world import World
from ._worlds import worlds

CLIENT: Any = st.integers(1, CLIENTS)
"""Who does something."""
COUNTS: Any = st.integers(1, COUNT)
"""How often."""
LATER: Any = st.booleans()
"""Whether the next rule follows at once."""


class LifecycleMachine(RuleBasedStateMachine):
    """Rules that clients and a server follow, for those who want to add their own.

    ::

        class MyMachine(LifecycleMachine):
            suite = TestMyServer

        TestMyMachine = MyMachine.TestCase

    Each rule plays one step, as a script of ``LifecycleSuite`` does; the same promises are judged
    when the machine ends. A rule of one's own may use ``world`` and ``play``.

    Attributes:
        suite: what starts the server, connects clients and says what is promised.
        faults: what the network may do.
        world: the universe in which it runs.

    Raises:
        TypeError: there is no ``suite``.
    """

    suite: ClassVar[type[LifecycleSuite]]
    faults: ClassVar[Faults] = Faults.tcp()
    world: World

    def __init__(self) -> None:
        super().__init__()
        if not hasattr(self, "suite"):
            name = type(self).__name__
            raise TypeError(f"{name} does not say what it tests: declare `suite = TestMyServer`")
        self._life: Life | None = None
        self._acts = set(acts_for(self.suite.promises))

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Start the server in a new world."""
        self.world = data.draw(worlds(self.faults, speaks=self.suite.speaks), label="world")
        # Hypothesis prints the steps; a line of ours could repeat the network only.
        self.world.script = None
        self._life = Life(self.suite(), self.world)
        self._life.begin()

    def play(self, act: Act, client: int = 1, count: int = 1, *, overlaps: bool = False) -> None:
        """Play one step, if what it needs is promised."""
        if act in self._acts and self._life is not None:
            self._life.play(Step(act, client, count, overlaps))

    @rule(client=CLIENT, later=LATER)
    def connect(self, client: int, later: bool) -> None:
        """A client connects."""
        self.play(Act.CONNECT, client, overlaps=later)

    @rule(client=CLIENT, count=COUNTS, later=LATER)
    def send(self, client: int, count: int, later: bool) -> None:
        """A client sends."""
        self.play(Act.SEND, client, count, overlaps=later)

    @rule(act=st.sampled_from((Act.SLOW, Act.LARGE, Act.POISON, Act.FLOOD)), client=CLIENT)
    def trouble(self, act: Act, client: int) -> None:
        """A client sends what is hard to handle."""
        self.play(act, client)

    @rule(client=CLIENT, count=COUNTS, act=st.sampled_from((Act.REQUEST, Act.SLOW_REQUEST)))
    def request(self, act: Act, client: int, count: int) -> None:
        """A client makes requests."""
        self.play(act, client, count)

    @rule(act=st.sampled_from((Act.STALL, Act.PAUSE, Act.RESUME)), client=CLIENT)
    def read(self, act: Act, client: int) -> None:
        """A client stops to receive, or receives again."""
        self.play(act, client)

    @rule(
        act=st.sampled_from((Act.CLOSE, Act.HALF_CLOSE, Act.ABORT, Act.KILL)),
        client=CLIENT,
        later=LATER,
    )
    def leave(self, act: Act, client: int, later: bool) -> None:
        """A client leaves."""
        self.play(act, client, overlaps=later)

    @rule(act=st.sampled_from((Act.BROADCAST, Act.SOME)), count=COUNTS, later=LATER)
    def broadcast(self, act: Act, count: int, later: bool) -> None:
        """The server sends to many."""
        self.play(act, 1, count, overlaps=later)

    @rule(count=COUNTS)
    def wait(self, count: int) -> None:
        """Time passes."""
        self.play(Act.WAIT, 1, count)

    @precondition(lambda self: self.is_up)
    @rule(act=st.sampled_from((Act.STOP, Act.DRAIN, Act.DIE)))
    def end_server(self, act: Act) -> None:
        """The server ends."""
        self.play(act)

    @property
    def is_up(self) -> bool:
        """Whether the server has not been ended."""
        return self._life is not None and self._life.record.down_s is None

    def teardown(self) -> None:
        """Heal the network, ask for a proof of life, and judge."""
        if self._life is None:
            return
        life, self._life = self._life, None
        try:
            with self.world:
                life.finish()
        except SimLeak:
            if Promise.TIDY in self.suite.promises:
                raise

"""Script: how steps are printed, and which are drawn."""

from __future__ import annotations

from hypothesis import given
from hypothesis.vendor.pretty import pretty

from mcws_testkit import Promise, Script, Step
from mcws_testkit._lifecycle_script import CLIENTS, STEPS, Act, acts_for, scripts


def test_script_is_printed_as_text() -> None:
    """Steps are printed in one line, with counts where they count."""
    script = Script(
        [
            Step(Act.CONNECT, count=3),
            Step(Act.SEND, 2, 3, overlaps=True),
            Step(Act.WAIT, 1, 2),
            Step(Act.DRAIN, 3),
        ]
    )
    assert str(script) == "c1.connect; c2.send x3 &; wait 1 s; server.drain"
    assert pretty(script) == repr(script) == f"<Script {script}>"
    assert str(Script()) == "nothing"


def test_acts_follow_the_promises() -> None:
    """What nobody promised is not done."""
    assert Act.BROADCAST not in acts_for(Promise.core())
    assert set(acts_for(Promise.all())) == set(Act)


@given(scripts(Promise.core()))
def test_scripts_are_short(script: Script) -> None:
    """A script has a few steps, of those that may be."""
    assert len(script) <= STEPS + CLIENTS
    assert {step.act for step in script} <= set(acts_for(Promise.core()))

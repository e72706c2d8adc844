"""Script: how steps are printed, and which are drawn."""

from __future__ import annotations

import pytest
from hypothesis import find, given
from hypothesis.vendor.pretty import pretty

from mcws_testkit import Promise, Script, Step
from mcws_testkit._lifecycle_script import CLIENTS, STEPS, Act, acts_for, scripts
from mcws_testkit._options import OPTIONS


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


@given(scripts(Promise.all()))
def test_script_is_parsed_from_what_is_printed(script: Script) -> None:
    """What a failure prints plays the same steps again."""
    parsed = Script.parse(str(script))
    assert str(parsed) == str(script)
    assert [(step.act, step.overlaps) for step in parsed] == [
        (step.act, step.overlaps and step.act is not Act.WAIT) for step in script
    ]


@pytest.mark.parametrize("text", ["c1.fly", "c1.send x", "wait 3 s", "server", "c1.send; ;"])
def test_text_that_is_no_script(text: str) -> None:
    """A line that no failure printed is refused."""
    with pytest.raises(ValueError, match="no step of a script"):
        Script.parse(text)


def test_script_to_replay_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a script to replay nothing else is drawn."""
    monkeypatch.setattr(OPTIONS, "script", "c1.connect; server.stop")
    strategy = scripts(Promise.core())
    assert str(find(strategy, lambda _: True)) == "c1.connect; server.stop"

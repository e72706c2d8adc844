"""Tests of all that is told of a run that failed."""

from __future__ import annotations

from mcws_testkit import Report, Speech, Trace

from .thermo import THERMO, disturbed


class Mute(Exception):
    """An error that cannot be shown."""

    def __str__(self) -> str:
        """Fail."""
        raise ZeroDivisionError


def test_text_has_all_in_order() -> None:
    """Verdict, schedule, diagram and the line to repeat it stand below each other."""
    report = Report(
        AssertionError("expected 30\n  got 31"),
        ("cut after 3 of 40 B on #1", "delay of 2.5 s on #1"),
        disturbed(),
        Speech(THERMO),
        "pytest --mcws-replay=0.1",
        "test_thermo",
    )
    text = report.text()
    head, diagram = text.split("\n\n  time s")
    assert head == f"-- simulation test_thermo {'-' * 74}\n" + (
        "\n"
        "AssertionError: expected 30\n"
        "    got 31\n"
        "\n"
        "benign except\n"
        "  cut after 3 of 40 B on #1\n"
        "  delay of 2.5 s on #1"
    )
    assert "REPLY 7 Config(interval=30)" in diagram
    assert text.endswith("\n\nrepeat it with\n  pytest --mcws-replay=0.1")


def test_text_of_nothing() -> None:
    """A run without network, schedule and words has a report too."""
    assert Report(AssertionError(), (), Trace(), Speech()).text() == (
        f"-- simulation{'-' * 87}\n"
        "\n"
        "AssertionError\n"
        "\n"
        "benign: nothing was disturbed\n"
        "\n"
        "nothing happened on the network"
    )


def test_text_is_escaped() -> None:
    """What errors, schedules and titles say reaches no terminal as it is."""
    evil = "\x1b[2J"
    text = Report(ValueError(evil), (evil,), Trace(), Speech(), title=evil).text()
    assert "\x1b" not in text
    assert text.count(r"\x1b[2J") == 3


def test_verdict_that_cannot_be_shown() -> None:
    """An error that cannot be shown is told by its class."""
    report = Report(Mute(), (), Trace(), Speech())
    assert (report.verdict_name, report.verdict_lines) == ("Mute", ())


def test_long_verdict_is_cut() -> None:
    """Each line of a verdict has at most 400 characters."""
    report = Report(AssertionError("x" * 1000), (), Trace(), Speech())
    assert [len(line) for line in report.verdict_lines] == [400]


def test_text_without_diagram() -> None:
    """Where the diagram is elsewhere, the rest is as it was."""
    report = Report(AssertionError("bad"), ("cut",), disturbed(), Speech(), "pytest")
    text = report.text(has_diagram=False)
    assert text.endswith("AssertionError: bad\n\nbenign except\n  cut\n\nrepeat it with\n  pytest")

"""Tests of a report as a page."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcws_protocol import Lines
from mcws_testkit import Report, Speech, Trace, TraceEvent
from mcws_testkit._page import page

from .test_diagram import EVENTS
from .thermo import THERMO, disturbed, traced

EVIL = "</script></style></title></pre><img src=x onerror=alert(1)>\"'&<!--"

VOID = {"meta"}


class Balance(HTMLParser):
    """Counts tags, and fails where one is closed that is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []
        self.values: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an opening tag."""
        self.seen.append(tag)
        self.values += [value for _, value in attrs]
        self.links += [name for name, _ in attrs if name in {"src", "href", "onerror"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a tag that closes itself."""
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Take a closing tag."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Take text."""
        self.texts.append(data)


def parsed(report: Report) -> Balance:
    """Return what a parser finds in the page of a report, all tags balanced."""
    balance = Balance()
    balance.feed(page(report))
    balance.close()
    assert balance.open == []
    # Nothing is loaded from anywhere.
    assert balance.links == []
    return balance


def test_page_has_all() -> None:
    """Verdict, schedule, replay line and diagram are on the page."""
    report = Report(
        AssertionError("expected 30"),
        ("delay of 2.5 s",),
        disturbed(),
        Speech(THERMO),
        "pytest --mcws-replay=0.1",
        "test_thermo",
    )
    found = parsed(report)
    for text in ("AssertionError", "expected 30", "benign except", "delay of 2.5 s"):
        assert text in found.texts
    assert "pytest --mcws-replay=0.1" in found.texts
    assert "REQUEST 7 GetConfig(section='main')" in found.texts
    assert found.seen.count("svg") == 4
    assert found.seen.count("button") == 6


def test_page_without_events() -> None:
    """A run in which nothing happened has a page without diagram and copy button."""
    found = parsed(Report(AssertionError(), (), Trace(), Speech()))
    assert "Nothing happened on the network." in found.texts
    assert "benign: nothing was disturbed" in found.texts
    assert not {"svg", "button"} & set(found.seen)


def test_page_of_5000_events() -> None:
    """A long trace is whole, and the page no more than some megabytes."""
    events = [
        TraceEvent(at / 10, "receive", at % 12 + 1, "server", b"message %d\n" % at)
        for at in range(5000)
    ]
    report = Report(AssertionError(), (), traced(events), Speech(Lines()))
    assert parsed(report).seen.count("g") == 5000
    assert len(page(report)) < 4_000_000


@pytest.mark.parametrize("speech", [Speech(), Speech(Lines())])
def test_hostile_text_is_escaped(speech: Speech) -> None:
    """Whatever has a tag in it, wherever it comes from, is text on the page."""
    events = [
        TraceEvent(0, "open", 1, "client", host=EVIL),
        TraceEvent(0, "receive", 1, "server", f"{EVIL}\n".encode(), EVIL),
        TraceEvent(0, "note", detail=EVIL),
        TraceEvent(0, "cut", 1, "server", detail=EVIL, is_fault=True),
    ]
    report = Report(ValueError(EVIL), (EVIL,), traced(events), speech, EVIL, EVIL)
    found = parsed(report)
    assert "img" not in found.seen
    assert found.seen.count("script") == found.seen.count("style") == found.seen.count("title") == 1
    assert EVIL in found.texts
    assert {EVIL, f"0.000 s, note: {EVIL}"} <= set(found.values)


@given(st.lists(EVENTS, max_size=12), st.text())
def test_any_report_has_a_page(events: list[TraceEvent], text: str) -> None:
    """Whatever happened, the page is HTML with balanced tags."""
    parsed(Report(ValueError(text), (text,), traced(events), Speech(Lines()), text, text))


def test_errors_that_nobody_handled_are_on_the_page() -> None:
    """Each has a line, escaped."""
    one = Report(AssertionError(), (), Trace(), Speech(), problems=("task 1: <b>",))
    assert "<h2>errors that nobody handled</h2><ul><li>task 1: &lt;b&gt;</li></ul>" in page(one)

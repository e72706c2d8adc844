"""What the tests of both commands share: how a shell runs them, and what a user reads."""

from __future__ import annotations

import argparse
import io
import runpy
import sys
from collections.abc import Callable

import pytest

from mcws_protocol import WIRES


def refusal_of(
    main: Callable[[list[str]], int], arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> str:
    """Return what a command says on stderr about arguments for which it leaves with code 2."""
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    return capsys.readouterr().err


def check_help(parser: argparse.ArgumentParser, example: str) -> None:
    """Check that the help of a command explains each wire and shows a whole command."""
    text = parser.format_help()
    for name in WIRES:
        assert f"\n  {name} " in text
    assert example in text


def help_of_module(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """Return what ``python -m name --help`` prints before it leaves with code 0."""
    monkeypatch.delitem(sys.modules, f"{name}.__main__")
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as raised:
        runpy.run_module(name, run_name="__main__")
    assert raised.value.code == 0
    return capsys.readouterr().out


def said_in_ascii(
    say: Callable[[str], object], text: str, monkeypatch: pytest.MonkeyPatch
) -> bytes:
    """Return what a command writes to an output that can show ASCII only."""
    raw = io.BytesIO()
    narrow = io.TextIOWrapper(raw, "ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    say(text)
    return raw.getvalue()

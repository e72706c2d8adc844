"""The command ``python -m mcws_protocol``: what a new version breaks, what messages look like."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mcws_protocol import Contract, Json, Message, Request
from mcws_protocol.__main__ import main


class Config(Message):
    """What answers a request."""

    interval_s: float = 10.0


class Reading(Message):
    """What goes up."""

    celsius: float


class GetConfig(Request[Config]):
    """What asks."""


class Warmer(Message, tag="Reading"):
    """A reading of the next version, which wants more."""

    celsius: float
    sensor: str


class Hotter(Message, tag="Reading"):
    """A reading of the next version, which may say more."""

    celsius: float
    sensor: str = ""


OLD: Contract[Any, Any] = Contract("thermo", version=1, up=Reading | GetConfig, down=Config)
SAME: Contract[Any, Any] = Contract("thermo", version=2, up=Hotter | GetConfig, down=Config)
WORSE: Contract[Any, Any] = Contract("thermo", version=2, up=Warmer | GetConfig, down=Config)
JSON: Contract[Any, Any] = Contract(
    "thermo", version=2, up=Reading | GetConfig, down=Config, codec=Json()
)
LESS: Contract[Any, Any] = Contract("thermo", version=2, up=GetConfig, down=Config)


@pytest.fixture(autouse=True)
def shop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a module with contracts that can be imported."""
    module = ModuleType("shop")
    vars(module).update(
        old=OLD, same=SAME, worse=WORSE, less=LESS, json=JSON, other=3, deep=ModuleType("deep")
    )
    vars(module.deep)["old"] = OLD
    monkeypatch.setitem(sys.modules, "shop", module)


def test_check_of_what_fits(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing breaks: one line says so, and the code is 0."""
    assert main(["check", "shop:old", "shop:same"]) == 0
    assert capsys.readouterr().out == f"{SAME.label} accepts {OLD.label}\n"


def test_check_of_what_breaks(capsys: pytest.CaptureFixture[str]) -> None:
    """Each breaking change is named by type and field, and the code is 1."""
    assert main(["check", "shop:old", "shop:worse"]) == 1
    breaks, verdict = capsys.readouterr().out.splitlines()
    assert breaks.startswith("breaks: up Reading.sensor: ")
    assert verdict == f"{WORSE.label} does not accept {OLD.label}"


def test_check_of_what_was_removed(capsys: pytest.CaptureFixture[str]) -> None:
    """A type that old clients still send is missed."""
    assert main(["check", "shop:old", "shop:less"]) == 1
    assert "breaks: up Reading: " in capsys.readouterr().out


def test_check_tells_what_has_to_be_deployed_first(capsys: pytest.CaptureFixture[str]) -> None:
    """What an old server could not read of new clients breaks nothing, if servers go first."""
    assert main(["check", "shop:worse", "shop:old"]) == 0
    advice, verdict = capsys.readouterr().out.splitlines()
    assert advice.startswith("servers first: up Reading.sensor: ")
    assert verdict == f"{OLD.label} accepts {WORSE.label}"


def test_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """All messages are printed as JSON Schema."""
    assert main(["schema", "shop:old"]) == 0
    assert json.loads(capsys.readouterr().out) == OLD.schema()


def test_contract_inside_of_something(capsys: pytest.CaptureFixture[str]) -> None:
    """A name may have dots."""
    assert main(["schema", "shop:deep.old"]) == 0
    assert json.loads(capsys.readouterr().out) == OLD.schema()


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("shop", "expected module:name, not 'shop'"),
        (":old", "expected module:name, not ':old'"),
        (
            "nowhere:old",
            "cannot import nowhere:old: ModuleNotFoundError: No module named 'nowhere'",
        ),
        ("shop:none", "cannot import shop:none: AttributeError: "),
        ("shop:other", "shop:other is no contract but a int"),
        ("mcws_protocol:UNTYPED", "mcws_protocol:UNTYPED stands for no contract: it has no mess"),
    ],
)
def test_contract_that_is_none(
    where: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be looked at ends the command with 2 and the reason."""
    with pytest.raises(SystemExit) as ended:
        main(["schema", where])
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize("verb", [["schema"], ["check", "shop:old"]], ids=["schema", "check"])
def test_module_that_ends_the_program(
    verb: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A script that ends itself when it is imported does not look like a contract that fits."""
    (tmp_path / "ends_itself.py").write_text("raise SystemExit(0)\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(SystemExit) as ended:
        main([*verb, "ends_itself:contract"])
    assert ended.value.code == 2
    problem = "cannot import ends_itself:contract: SystemExit: 0"
    assert problem in capsys.readouterr().err


def test_command_without_a_verb(capsys: pytest.CaptureFixture[str]) -> None:
    """The help says which verbs there are."""
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "check | schema" in capsys.readouterr().err


def test_check_tells_what_differs_both_ways_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Another codec breaks all, whoever is younger; one line says it."""
    assert main(["check", "shop:old", "shop:json"]) == 1
    first, verdict = capsys.readouterr().out.splitlines()
    assert first == "breaks: codec: was MsgPack, is Json"
    assert verdict == f"{JSON.label} does not accept {OLD.label}"


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
def test_command_as_a_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What ``python -m mcws_protocol`` runs ends with the code of the command."""
    monkeypatch.setattr(sys, "argv", ["mcws_protocol", "check", "shop:old", "shop:same"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("mcws_protocol", run_name="__main__")
    assert ended.value.code == 0
    assert "accepts" in capsys.readouterr().out

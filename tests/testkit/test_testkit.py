"""The root of the test kit: its names, each imported when it is used."""

from __future__ import annotations

from typing import Never

import pytest

import mcws_testkit


def test_names_are_listed_before_they_are_imported() -> None:
    """A shell completes all public names."""
    assert dir(mcws_testkit) == sorted(mcws_testkit.__all__)


def test_name_is_imported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked for is an attribute of the module from then on."""
    monkeypatch.delattr(mcws_testkit, "World")
    assert mcws_testkit.World is vars(mcws_testkit)["World"]


def test_name_that_is_none() -> None:
    """A name that the test kit has not is an ``AttributeError``, as of any module."""
    with pytest.raises(AttributeError, match="'mcws_testkit' has no attribute 'nothing'"):
        _ = mcws_testkit.nothing


@pytest.mark.parametrize("missing", ["hypothesis", "msgspec"])
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """Without the extra, the error says how to get it; what else is missing is told as ever."""

    def refuse(name: str, package: str) -> Never:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.delitem(vars(mcws_testkit), "simulate", raising=False)
    monkeypatch.setattr("importlib.import_module", refuse)
    with pytest.raises(ModuleNotFoundError, match=f"(?i){missing}") as caught:
        vars(mcws_testkit)["__getattr__"]("simulate")
    assert caught.value.name == missing
    assert ("pip install 'mcws[testkit]'" in str(caught.value)) == (missing == "hypothesis")

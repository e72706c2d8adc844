"""Tests of the workloads, and of who carries them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.catalogue import BY_NAME, PEERS, Kind
from benchmarks.workloads import WORKLOADS, chosen

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_keys_are_unique() -> None:
    """A key names one workload."""
    assert len({workload.key for workload in WORKLOADS}) == len(WORKLOADS)


def test_all_are_chosen_without_a_choice() -> None:
    """A run without options is a whole one."""
    assert chosen(None) == list(WORKLOADS)


def test_letters_and_keys_choose() -> None:
    """A letter stands for all keys that begin with it."""
    assert [workload.key for workload in chosen("d,i-b")] == ["d-1", "d-8", "i-b"]


def test_large_crowds_may_be_left_out() -> None:
    """A quick run has no workload with more connections than it wants."""
    assert [workload.key for workload in chosen("e,j", 10)] == ["j-a-10", "j-b-10", "j-d-10"]


def test_unknown_name_is_refused() -> None:
    """A choice that is no workload is an error that names it."""
    with pytest.raises(ValueError, match="no workload is called nothing"):
        chosen("a,nothing")


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.key)
def test_workload_is_carried_by_servers_that_can(
    workload: object,
) -> None:
    """Each server of a workload is in the catalogue and does one of its services."""
    [found] = [one for one in WORKLOADS if one is workload]
    for name in found.peers:
        assert set(found.services) & set(BY_NAME[name].wires), name


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_program_of_a_server_is_there(peer: object) -> None:
    """Each server has a program, and speaks what the generator speaks."""
    [found] = [one for one in PEERS if one is peer]
    is_python = found.kind in (Kind.PYTHON, Kind.COMPILED)
    assert (BENCHMARKS / "peers" / f"{found.program}{'.py' * is_python}").exists()
    spoken = set(re.findall(r'is_wire\("([\w-]+)"\)', (BENCHMARKS / "wires.h").read_text()))
    assert set(found.wires.values()) <= spoken
    assert found.about

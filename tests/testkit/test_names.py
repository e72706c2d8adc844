"""Names: hosts, addresses and which host is meant."""

from __future__ import annotations

import socket
from contextvars import copy_context

import pytest

from mcws_testkit._names import HOME, Names
from mcws_testkit._process import Process, current_process


def test_hosts_have_addresses_of_their_own() -> None:
    """Each new host gets the next address; asked again, it is the same host."""
    names = Names()
    assert names.add("a").address != names.add("b").address
    assert names.add("a") is names.add("a")


def test_host_is_found_by_name_and_address() -> None:
    """Both stand for it."""
    names = Names()
    place = names.add("server")
    assert names.find("server") is names.find(place.address) is place
    assert names.resolve("server") == place.address


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "::1", "0.0.0.0", "::", "", None])
def test_loopback_and_wildcard_mean_the_host_of_the_code(name: str | None) -> None:
    """Code that runs on no host runs at home."""
    names = Names()
    place = names.add("server")
    assert names.find(name).name == HOME
    context = copy_context()
    context.run(current_process.set, place.process)
    assert context.run(names.find, name) is place


@pytest.mark.parametrize(
    ("name", "address"),
    [("localhost", "127.0.0.1"), ("::1", "::1"), (None, "0.0.0.0"), ("", "0.0.0.0")],
)
def test_special_addresses_stay_what_they_are(name: str | None, address: str) -> None:
    """Programs see the address that they asked for."""
    assert Names().resolve(name) == address


def test_unknown_host_is_an_error_of_the_resolver() -> None:
    """As with a real resolver, the error is ``socket.gaierror``."""
    with pytest.raises(socket.gaierror, match="no host 'nowhere' in this world"):
        Names().find("nowhere")


def test_process_of_another_world_runs_at_home() -> None:
    """A process whose host is not here has no place."""
    context = copy_context()
    context.run(current_process.set, Process("elsewhere"))
    assert context.run(lambda: Names().here).name == HOME

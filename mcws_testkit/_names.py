"""Names: the hosts of a simulated network, and which one a name or an address stands for."""

from __future__ import annotations

import socket
from typing import Final

from ._process import Process, current_process

HOME: Final = "main"
"""The host of code that runs on none in particular."""
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
WILDCARD: Final = "0.0.0.0"  # noqa: S104 (inside the simulation)
ANY: Final = (WILDCARD, "::", "", None)


class Place:
    """A host: its address, whether it has power, and what runs on it.

    Attributes:
        name: by which others find it.
        address: its own.
        is_up: whether it has power.
        process: what runs on it since it was last up.
    """

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address
        self.is_up = True
        self.process: Process = Process(name)


class Names:
    """The hosts of one network."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self.add(HOME)

    def add(self, name: str) -> Place:
        """Return the host of that name, a new one if there is none."""
        if name not in self._places:
            self._places[name] = Place(name, f"10.0.0.{len(self._places) + 1}")
        return self._places[name]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    @property
    def here(self) -> Place:
        """The host of the code that runs now."""
        process = current_process.get()
        # A process of another world has no place in this one: its code then runs at home.
        return self._places.get(HOME if process is None else process.host, self._places[HOME])

    def find(self, name: str | None) -> Place:
        """Return the host that a name or an address stands for.

        Raises:
            socket.gaierror: there is none.
        """
        if name in ANY or name in LOOPBACK:
            return self.here
        for place in self._places.values():
            if name in (place.name, place.address):
                return place
        raise socket.gaierror(socket.EAI_NONAME, f"no host {name!r} in this world")

    def resolve(self, name: str | None) -> str:
        """Return the address of a name; loopback and wildcard addresses stay what they are.

        Raises:
            socket.gaierror: there is no host of that name.
        """
        if name == "localhost":
            return LOOPBACK[0]
        if name is None or name in ANY:
            return WILDCARD
        return name if name in LOOPBACK else self.find(name).address

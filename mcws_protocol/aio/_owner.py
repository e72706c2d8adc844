"""Owner: the server or client that connections work for, as they know it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic

from typing_extensions import TypeVar

from .._events import DrainFrame, HelloFrame, WelcomeFrame
from ._handlers import Rest

# The connections of the owner. A variable, since a connection knows its owner: were it named here,
# the two modules would import each other.
K_contra = TypeVar("K_contra", contravariant=True)


class Owner(ABC, Generic[K_contra]):
    """The server or client that a connection works for."""

    __slots__ = ()

    @abstractmethod
    def made(self, connection: K_contra, /) -> None:
        """Take note of a connection that got its transport."""

    def greeted(self, connection: K_contra, frame: HelloFrame, /) -> None:
        """Decide on a client that said HELLO; only a server hears it."""

    def welcomed(self, connection: K_contra, frame: WelcomeFrame, /) -> None:
        """Go on: the server said WELCOME; only a client hears it."""

    def draining(self, connection: K_contra, frame: DrainFrame, /) -> None:
        """Take note that the server wants to stop; only a client hears it."""

    @abstractmethod
    def refused(self, connection: K_contra, error: Exception, /) -> None:
        """Give up: the opening failed, or the transport was lost before its end."""

    @abstractmethod
    def connected(self, connection: K_contra, /) -> Rest | None:
        """Run the connect hooks; return what is left to await."""

    @abstractmethod
    def ended(self, connection: K_contra, /) -> Rest | None:
        """Run the hooks of the end; return what is left to await."""

    def emptied(self, connection: K_contra, /) -> None:
        """Take note that no message will come any more, though request handlers still run."""

    @abstractmethod
    def gone(self, connection: K_contra, /) -> None:
        """Forget a connection whose last hook has ended."""

    @abstractmethod
    def renamed(self, connection: K_contra, id: str, /) -> None:
        """Give a connection the id that the application chose for it."""

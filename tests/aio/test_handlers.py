"""Handlers: user functions in the order of their registration."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from mcws_protocol import Request
from mcws_protocol.aio._handlers import Handlers, check_callback, is_awaitable


def one(message: Any, client: Any) -> None:
    """Be a handler."""


def two(message: Any, client: Any) -> None:
    """Be another handler."""


class Animal:
    """A type of message."""


class Dog(Animal):
    """A narrower type of message."""


class Robot:
    """Something with a method that is a handler."""

    def handle(self, message: Any, client: Any) -> None:
        """Be a bound handler."""


def test_handlers_begin_empty() -> None:
    """Without registrations nobody is called."""
    handlers = Handlers()
    assert handlers.for_message(bytes) == ()
    assert handlers.for_request(bytes) is None
    assert (handlers.connects, handlers.ends, handlers.errors) == ((), (), ())


def test_message_handlers_keep_their_order() -> None:
    """Those for all and those for a type come as they were registered."""
    handlers = Handlers()
    handlers.add_message(two, Animal)
    handlers.add_message(one)
    handlers.add_message(two)
    assert handlers.for_message(Dog) == (two, one, two)
    assert handlers.for_message(bytes) == (one, two)


def test_message_handlers_hear_derived_types() -> None:
    """A handler for a type hears its subclasses, and not its bases."""
    handlers = Handlers()
    handlers.add_message(one, Dog)
    assert handlers.for_message(Dog) == (one,)
    assert handlers.for_message(Animal) == ()


def test_message_handler_registered_later_is_seen() -> None:
    """A registration changes what the next message sees, and not what runs."""
    handlers = Handlers()
    handlers.add_message(one)
    running = handlers.for_message(bytes)
    handlers.add_message(two)
    assert running == (one,)
    assert handlers.for_message(bytes) == (one, two)


def test_message_handlers_are_looked_up_once() -> None:
    """The same type gives the same tuple, at no cost."""
    handlers = Handlers()
    handlers.add_message(one)
    assert handlers.for_message(bytes) is handlers.for_message(bytes)


def test_message_handler_is_taken_back() -> None:
    """Its first registration goes, and what runs is not changed."""
    handlers = Handlers()
    for callback in (one, two, one):
        handlers.add_message(callback)
    running = handlers.for_message(bytes)
    handlers.remove_message(one)
    assert handlers.for_message(bytes) == (two, one)
    assert running == (one, two, one)


def test_message_handler_that_is_a_method_is_taken_back() -> None:
    """A bound method is found again, though it is a new object each time."""
    handlers, robot = Handlers(), Robot()
    handlers.add_message(robot.handle)
    handlers.remove_message(robot.handle)
    assert handlers.for_message(bytes) == ()


def test_message_handler_that_is_unknown_is_not_taken_back() -> None:
    """Taking back what was not registered for all changes nothing."""
    handlers = Handlers()
    handlers.add_message(one, Dog)
    handlers.remove_message(one)
    handlers.remove_message(two)
    assert handlers.for_message(Dog) == (one,)


def test_request_handler_for_all() -> None:
    """One handler answers requests of every type."""
    handlers = Handlers()
    handlers.set_request(one)
    assert handlers.for_request(Dog) is one
    assert handlers.for_request(bytes) is one


def test_request_handler_for_a_type() -> None:
    """The handler of a type comes before the one for all; a type is meant exactly."""
    handlers = Handlers()
    handlers.set_request(one)
    handlers.set_request(two, Animal)
    assert handlers.for_request(Animal) is two
    assert handlers.for_request(Dog) is one


def test_second_request_handler_for_all_is_refused() -> None:
    """A request has exactly one answer."""
    handlers = Handlers()
    handlers.set_request(one)
    with pytest.raises(ValueError, match=r"requests are handled by <function one at .*> already"):
        handlers.set_request(two)
    assert handlers.for_request(bytes) is one


def test_second_request_handler_for_a_type_is_refused() -> None:
    """Not even the same function may be registered twice."""
    handlers = Handlers()
    handlers.set_request(one, Dog)
    with pytest.raises(ValueError, match=r"Dog is handled by <function one at .*> already"):
        handlers.set_request(one, Dog)


class Question(Request[int]):
    """A type of request."""


def test_registrar_of_messages() -> None:
    """It registers for the messages of its type and gives the function back."""
    handlers = Handlers()
    assert handlers.registrar(Animal)(one) is one
    assert handlers.for_message(Dog) == (one,)
    assert handlers.for_message(bytes) == ()
    assert handlers.for_request(Animal) is None


def test_registrar_of_requests() -> None:
    """It registers the one that answers and gives the function back."""
    handlers = Handlers()
    assert handlers.registrar(Question)(one) is one
    assert handlers.for_request(Question) is one
    assert handlers.for_message(Question) == ()


def test_registrar_of_requests_twice() -> None:
    """A second answer is refused, and the first one stays."""
    handlers = Handlers()
    handlers.registrar(Question)(one)
    with pytest.raises(ValueError, match=r"^Question is handled by <function one at .*> already$"):
        handlers.registrar(Question)(two)
    assert handlers.for_request(Question) is one


@pytest.mark.parametrize("kind", [Animal, Question])
def test_registrar_of_what_cannot_be_called(kind: type) -> None:
    """The mistake shows at the decorator."""
    with pytest.raises(TypeError, match=r"^callback must be callable, not None$"):
        Handlers().registrar(kind)(cast("Any", None))


def test_handler_that_cannot_be_called_is_refused() -> None:
    """The mistake shows where it is made, with what was given."""
    handlers = Handlers()
    with pytest.raises(TypeError, match="callback must be callable, not 5"):
        handlers.add_message(5)  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(TypeError, match="callback must be callable, not None"):
        handlers.set_request(None)  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(TypeError, match="filter must be callable, not 'x'"):
        check_callback("x", "filter")


async def test_awaitables() -> None:
    """Coroutines, futures and objects with ``__await__`` are awaited; values are not."""

    async def coroutine() -> None:
        """Do nothing."""

    running = coroutine()
    assert is_awaitable(running)
    await running
    assert is_awaitable(asyncio.get_running_loop().create_future())
    assert not is_awaitable(None)
    assert not is_awaitable(b"reply")
    assert not is_awaitable(coroutine)

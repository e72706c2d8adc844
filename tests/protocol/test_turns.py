"""Turns: who may send on a half-duplex connection."""

from __future__ import annotations

import pytest

from mcws_protocol._errors import LocalProtocolError, RemoteProtocolError
from mcws_protocol._turns import Turns


def test_holder_may_send_as_much_as_it_likes() -> None:
    """As long as nobody asks, there is no end to a turn."""
    turns = Turns(is_ours=True)
    for _ in range(3):
        turns.sent()
        assert turns.may_send
    turns.check("MESSAGE")


def test_one_more_leaves_after_the_asking() -> None:
    """Asked for the turn, its holder sends at most one more message or request."""
    turns = Turns(is_ours=True)
    turns.sent()
    turns.want()
    assert (turns.is_wanted, turns.may_send) == (True, True)
    turns.sent()
    assert not turns.may_send


def test_second_please_is_harmless() -> None:
    """Asking again changes nothing, neither before the last message nor behind it."""
    turns = Turns(is_ours=True)
    turns.want()
    turns.want()
    turns.sent()
    turns.want()
    assert (turns.is_wanted, turns.may_send) == (True, False)


def test_please_that_crosses_the_giving_is_ignored() -> None:
    """An end that gave the turn away is not asked for it, nor when it gets it back."""
    turns = Turns(is_ours=True)
    turns.give()
    turns.want()
    turns.take()
    assert (turns.is_wanted, turns.may_send) == (False, True)


def test_turn_comes_back_afresh() -> None:
    """Behind a give and a take, nobody has asked and any number may leave."""
    turns = Turns(is_ours=True)
    turns.want()
    turns.sent()
    turns.give()
    assert (turns.is_ours, turns.is_wanted, turns.may_send) == (False, False, False)
    turns.ask()
    assert turns.has_asked
    turns.take()
    assert (turns.is_ours, turns.has_asked) == (True, False)
    turns.sent()
    assert turns.may_send


def test_nothing_is_sent_without_the_turn() -> None:
    """What needs the turn cannot be sent by the other end; the error says what."""
    turns = Turns(is_ours=False)
    assert not turns.may_send
    with pytest.raises(LocalProtocolError, match="cannot send MESSAGE: the peer has the turn"):
        turns.check("MESSAGE")


def test_holder_cannot_ask() -> None:
    """Nobody asks for what it has."""
    turns = Turns(is_ours=True)
    with pytest.raises(LocalProtocolError, match="cannot ask for the turn: this end has it"):
        turns.ask()
    assert not turns.has_asked


def test_nothing_is_taken_from_a_peer_without_the_turn() -> None:
    """What needs the turn is a fault of a peer that does not have it, the turn itself too."""
    turns = Turns(is_ours=True)
    with pytest.raises(RemoteProtocolError, match="REQUEST came from an end that does not have"):
        turns.refuse("REQUEST")
    with pytest.raises(RemoteProtocolError, match="TURN came from an end that does not have") as it:
        turns.take()
    assert it.value.code == 1002
    Turns(is_ours=False).refuse("REQUEST")

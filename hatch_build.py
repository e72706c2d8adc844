"""The build hook that compiles the hot modules where ``MCWS_COMPILE=1`` asks for it.

Without that variable, and in an editable installation, nothing happens: the wheel is pure and no
compiler is needed. Why these modules, and why by a hook of our own: ``docs/adr/0011``.
"""

from __future__ import annotations

# What one message passes on its way in and out, and the classes that those modules inherit from.
HOT = {
    "mcws_protocol": (
        "_cursor",
        "_dialect",
        "_frames",
        "_half_duplex",
        "_keepalive",
        "_mcws",
        "_opening",
        "_reader",
        "_state",
        "_turns",
        "_wire",
    ),
    "mcws_protocol/aio": (
        "_answers",
        "_asked",
        "_connection",
        "_dispatcher",
        "_farewell",
        "_flusher",
        "_handlers",
        "_hub",
        "_inbox",
        "_matching",
        "_modes",
        "_outbox",
        "_outflow",
        "_peer",
        "_plain_answers",
        "_pressure",
        "_reception",
        "_turn_outbox",
        "_waiting",
        "_waiting_line",
        "_workers",
    ),
}

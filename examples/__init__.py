"""Examples: each is one short file, and runs as ``python -m examples.NAME``.

To begin with: ``quick_start`` (and ``client``, its other end), ``echo``, ``broadcast``,
``broadcast_subset``, ``heartbeat``. Modes of talking: ``request_and_wait``, ``simplex``,
``full_duplex``. Client objects of one's own: ``typed_client``, ``own_client``. A codec of one's
own: ``pydantic_codec``. Whole programs: ``chat``, ``two_doors`` (for the devices in ``node/``,
which are not Python), ``demo``. A package with one contract for all of its parts: ``fleet``.
"""

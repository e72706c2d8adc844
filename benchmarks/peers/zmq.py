"""The library ``pyzmq``: a ROUTER that blocks, without asyncio; its I/O has a thread of its own."""

from __future__ import annotations

import zmq

from benchmarks.peers.hosting import announce, raise_file_limit


def main() -> None:
    """Listen, print the port, and send each message back."""
    raise_file_limit()
    context = zmq.Context(io_threads=1)
    # The default of 1,023 is less than some workloads need.
    context.set(zmq.MAX_SOCKETS, 16_000)
    router = context.socket(zmq.ROUTER)
    # No message is dropped while the generator does not read.
    router.set_hwm(0)
    announce(router.bind_to_random_port("tcp://127.0.0.1"))
    while True:
        router.send_multipart(router.recv_multipart(copy=False), copy=False)


if __name__ == "__main__":
    main()

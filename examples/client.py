"""A client for the examples that serve until Ctrl-C: says its arguments, prints what comes.

Run it as ``python -m examples.client hello`` while one of them serves.
"""

import asyncio
import sys
from contextlib import suppress

from mcws_client import Client


async def main(*messages: str, port: int = 8080) -> None:
    """Send ``messages``, then print what comes until the server closes."""
    async with Client(f"tcp://127.0.0.1:{port}") as client:
        for message in messages:
            await client.send(message)
        async for answer in client:
            print(answer)
        print("closed by the server:", client.close_code, client.close_reason)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(*sys.argv[1:]))

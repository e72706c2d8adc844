"""A link: radios on one channel, where one speaks at a time and all others hear it.

With ``Mode.FULL_DUPLEX`` it would be a conference call, with ``Mode.SIMPLEX`` a loudspeaker.
"""

import asyncio
from contextlib import AsyncExitStack

from mcws_client import Client
from mcws_protocol import Mode
from mcws_server import Server

NAMES = ("ada", "bob", "eve")


def make_server() -> Server:
    """Return a server that puts every radio on the channel; who hangs up leaves by itself."""
    server = Server()
    channel = server.link((), mode=Mode.HALF_DUPLEX)
    server.on_client_connect(channel.add)
    server.on_client_disconnect(
        lambda radio: channel.broadcast(f"{radio.id} hung up, {len(channel)} are left")
    )
    return server


async def main(port: int = 8080) -> None:
    """Serve, and be three radios: what one says the two others hear."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(make_server())
        listener = await server.listen(port)
        url = f"tcp://127.0.0.1:{listener.port}"
        radios = [await stack.enter_async_context(Client(url, id=name)) for name in NAMES]
        ada, bob, eve = radios
        for speaker, line in ((ada, "hello, over"), (bob, "loud and clear, over")):
            await speaker.send(f"{speaker.id}: {line}")
            for radio in radios:
                if radio is not speaker:
                    print(f"{radio.id} hears {await anext(aiter(radio))}")
        await bob.close()
        print(f"{eve.id} hears {await anext(aiter(eve))}")


if __name__ == "__main__":
    asyncio.run(main())

"""Python's `websockets` with permessage-deflate as the peer of the side under test, which echoes.

    deflate.py client URL TAKEOVER BITS   10,000 messages to a server
    deflate.py server TAKEOVER BITS       prints its address, 10,000 messages to a client that asks for a case, as Autobahn's do

TAKEOVER is `takeover` or `fresh`, BITS the windows of both directions. The exit status is 0 when each echo was equal byte for
byte, and what was agreed is what was asked for.
"""

import asyncio
import json
import random
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

MESSAGES = 10_000
UNDER_WAY = 100
WORDS = "price volume bid ask symbol état 漢字 😀 timestamp true order trade quantity exchange".split()


def value(rng, depth):
    kind = rng.randrange(7 if depth else 5)
    if kind == 0:
        return rng.randrange(10**9)
    if kind == 1:
        return rng.random()
    if kind == 2:
        return rng.choice([None, True, False])
    if kind <= 4:
        return " ".join(rng.choices(WORDS, k=rng.randrange(6)))
    if kind == 5:
        return [value(rng, depth - 1) for _ in range(rng.randrange(8))]
    return {rng.choice(WORDS): value(rng, depth - 1) for _ in range(rng.randrange(8))}


def make_messages():
    rng = random.Random(7692)
    for number in range(MESSAGES):
        text = json.dumps({"id": number, "value": value(rng, 4)}, ensure_ascii=False)
        yield text.encode() if number % 5 == 0 else text


async def exchange(ws, takeover, bits):
    """Sends all messages and checks their echoes."""
    (extension,) = ws.protocol.extensions
    agreed = (
        extension.remote_no_context_takeover,
        extension.local_no_context_takeover,
        extension.remote_max_window_bits,
        extension.local_max_window_bits,
    )
    if agreed != (not takeover, not takeover, bits, bits):
        sys.exit(f"{extension} was agreed on")
    messages = list(make_messages())
    room = asyncio.Semaphore(UNDER_WAY)

    async def send():
        for number, message in enumerate(messages):
            await room.acquire()
            if number % 7 == 0:
                third = len(message) // 3
                await ws.send([message[:third], message[third:-third or None], message[-third:] if third else message[:0]])
            else:
                await ws.send(message)

    sending = asyncio.create_task(send())
    for number, message in enumerate(messages):
        if await ws.recv() != message:
            sys.exit(f"echo {number} differs")
        room.release()
    await sending
    return f"{MESSAGES} messages, {extension}"


async def client(url, takeover, bits):
    factory = ClientPerMessageDeflateFactory(
        server_no_context_takeover=not takeover,
        client_no_context_takeover=not takeover,
        server_max_window_bits=bits,
        client_max_window_bits=bits,
    )
    async with connect(url, extensions=[factory], compression=None) as ws:
        return await exchange(ws, takeover, bits)


async def server(takeover, bits):
    factory = ServerPerMessageDeflateFactory(
        server_no_context_takeover=not takeover,
        client_no_context_takeover=not takeover,
        server_max_window_bits=bits,
        client_max_window_bits=bits,
    )
    done = asyncio.get_running_loop().create_future()

    async def handler(ws):
        try:
            if "getCaseCount" in ws.request.path:
                await ws.send("1")
            else:
                done.set_result(await exchange(ws, takeover, bits))
        except BaseException as error:
            done.set_exception(error)

    async with serve(handler, "127.0.0.1", 0, extensions=[factory], compression=None) as listener:
        print("ws://127.0.0.1:%d" % listener.sockets[0].getsockname()[1], flush=True)
        return await done


role, *arguments, takeover, bits = sys.argv[1:]
role = {"client": client, "server": server}[role]
print(asyncio.run(role(*arguments, takeover == "takeover", int(bits))))

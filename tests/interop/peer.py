"""Python's `websockets` as the peer of the side under test.

    peer.py client URL client|server   sends messages, checks their echoes; the side named closes
    peer.py server client|server       prints its address, echoes on one connection; the side named closes
    peer.py refuse                     prints its address, answers every opening handshake with 401

A server is asked to close by the text `close CODE REASON`. The exit status is 0 when the messages and pongs were equal
byte for byte, the closing handshake had the codes and reasons of CLOSE, and the connection ended in order: end of
stream, no reset.
"""

import asyncio
import random
import re
import sys

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

MESSAGES = 1000
LARGEST = 1024 * 1024
# Of compressed frames too, and what cannot be compressed becomes a little longer.
LIMIT = 2 * LARGEST
# The lengths at which the frame header changes its form, and their neighbours.
EDGES = [0, 1, 125, 126, 127, 65535, 65536, 65537, LARGEST]
PONG_TIMEOUT = 30
CLOSE = {"client": (1000, "done"), "server": (4001, "bye")}


class Watched:
    """Notes how the transport ended, and pongs that no ping asked for."""

    end = "a timeout of the closing handshake"
    stray_pongs = 0

    def acknowledge_pings(self, data):
        self.stray_pongs += data not in self.pending_pings
        super().acknowledge_pings(data)

    def eof_received(self):
        self.end = "end of stream"
        return super().eof_received()

    def connection_lost(self, error):
        if error is not None:
            self.end = repr(error)
        super().connection_lost(error)


class Client(Watched, ClientConnection):
    pass


class Server(Watched, ServerConnection):
    pass


def make_messages(rng):
    """Half text, half binary; from 0 B to 1 MiB, as many of each order of magnitude."""
    for number in range(MESSAGES):
        size = EDGES[number // 2] if number // 2 < len(EDGES) else int(2 ** rng.uniform(0, 20))
        if number % 2:
            yield rng.randbytes(size)
        else:
            text = rng.randbytes(size // 2).decode("latin-1")  # one and two bytes a character
            text += "漢😀" * ((size - len(text.encode())) // 7)  # three and four
            yield text + "." * (size - len(text.encode()))


async def fragments(ws, message, rng):
    """Cuts the message anywhere, within a character too, with a ping between fragments."""
    data = message.encode() if isinstance(message, str) else message
    cuts = sorted(rng.randint(0, len(data)) for _ in range(rng.randint(1, 8)))
    for start, end in zip([0, *cuts], [*cuts, len(data)]):
        yield data[start:end]
        await ping(ws, rng.randbytes(rng.randint(0, 125)))


async def ping(ws, payload):
    """Waits for the pong with this payload; no other ping is under way."""
    await asyncio.wait_for(await ws.ping(payload), PONG_TIMEOUT)


async def send_all(ws, messages, rng):
    for number, message in enumerate(messages):
        if number % 4 < 2:
            await ws.send(message)
        else:
            await ws.send(fragments(ws, message, rng), text=isinstance(message, str))


async def client(url, closer):
    rng = random.Random(6455)
    messages = list(make_messages(rng))
    ws = await connect(url, create_connection=Client, max_size=LIMIT, ping_interval=None, proxy=None)
    sending = asyncio.create_task(send_all(ws, messages, rng))
    for number, message in enumerate(messages):
        if await ws.recv() != message:
            sys.exit(f"echo {number} of {len(message)} differs")
    await sending
    code, reason = CLOSE[closer]
    if closer == "client":
        await ws.close(code, reason)
    else:
        await ws.send(f"close {code} {reason}")
        await ws.wait_closed()
    return len(messages), check_end(ws, closer, "client")


async def echo(ws):
    """Echoes until told to close or closed, every third message in fragments; pings all along."""
    rng = random.Random(6455)
    count = pongs = 0

    async def ping_on():
        nonlocal pongs
        while True:
            await ping(ws, rng.randbytes(rng.randint(0, 125)))
            pongs += 1
            await asyncio.sleep(0.005)

    pinging = asyncio.create_task(ping_on())
    try:
        async for message in ws:
            if isinstance(message, str) and (close := re.fullmatch(r"close (\d+) (.*)", message)):
                pinging.cancel()
                await ws.close(int(close[1]), close[2])
                break
            count += 1
            if count % 3 == 0:
                data = message.encode() if isinstance(message, str) else message
                half = len(data) // 2
                await ws.send([data[:half], data[half:]], text=isinstance(message, str))
            else:
                await ws.send(message)
        await ws.wait_closed()
    finally:
        pinging.cancel()
    try:
        await pinging
    except (asyncio.CancelledError, ConnectionClosed):
        pass
    if pongs == 0:
        sys.exit("no ping got its pong")
    return count


async def server(closer):
    done = asyncio.get_running_loop().create_future()

    async def handler(ws):
        try:
            count = await echo(ws)
            done.set_result((count, check_end(ws, closer, "server")))
        except BaseException as error:
            done.set_exception(error)

    async with serve(handler, "127.0.0.1", 0, create_connection=Server, max_size=LIMIT, ping_interval=None) as listener:
        print_address(listener)
        count, verdict = await done
    if count < MESSAGES:
        sys.exit(f"only {count} messages came")
    return count, verdict


def check_end(ws, closer, role):
    """Both Close frames, their order, and the end of the stream."""
    code, reason = CLOSE[closer]
    received = ws.protocol.close_rcvd
    if received is None:
        sys.exit(f"no Close frame came; the connection ended with {ws.end}")
    reasons = [reason] if closer != role else [reason, ""]  # the answer to a Close need not repeat its reason
    if received.code != code or received.reason not in reasons:
        sys.exit(f"Close was {received}, not {code} {reason}")
    if ws.protocol.close_rcvd_then_sent != (closer != role):
        sys.exit("the wrong side closed first")
    if ws.stray_pongs:
        sys.exit(f"{ws.stray_pongs} pongs differ from their pings")
    if ws.end != "end of stream":
        sys.exit(f"the connection ended with {ws.end}")
    return f"close {received.code} {received.reason}, end of stream"


async def refuse():
    def answer(connection, request):
        return connection.respond(401, "members only\n")

    async with serve(lambda ws: None, "127.0.0.1", 0, process_request=answer) as listener:
        print_address(listener)
        await asyncio.get_running_loop().create_future()


def print_address(listener):
    print("ws://127.0.0.1:%d" % listener.sockets[0].getsockname()[1], flush=True)


async def main(role, *arguments):
    role = {"client": client, "server": server, "refuse": refuse}[role]
    print("%d messages, %s" % await role(*arguments))


asyncio.run(main(*sys.argv[1:]))

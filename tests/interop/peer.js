// Node's `ws` as the peer of the side under test. Commands and checks are those of peer.py:
//
//     peer.js client URL client|server
//     peer.js server client|server
//
// The same over a stream of Node's own HTTP/2, by extended CONNECT. This server may be content with fewer messages:
//
//     peer.js client-h2 URL client|server
//     peer.js server-h2 client|server [MESSAGES]
//     peer.js refused-h2 URL [NAME VALUE]...           prints what the server says to a request with these fields
'use strict';

const { once } = require('node:events');
const http2 = require('node:http2');
const { setTimeout: sleep } = require('node:timers/promises');
const { isDeepStrictEqual } = require('node:util');
const { WebSocket, WebSocketServer } = require('ws');

const MESSAGES = 1000;
const LARGEST = 1024 * 1024;
const EDGES = [0, 1, 125, 126, 127, 65535, 65536, 65537, LARGEST];
const PATIENCE = 30000;
const CLOSE = { client: [1000, 'done'], server: [4001, 'bye'] };

function fail(why) {
  console.error(why);
  process.exit(1);
}

// mulberry32: the same numbers in every run.
function makeRandom(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function randomBytes(random, size) {
  const words = Uint32Array.from({ length: Math.ceil(size / 4) }, () => random() * 4294967296);
  return Buffer.from(words.buffer, 0, size);
}

function makeMessages(random) {
  return Array.from({ length: MESSAGES }, (_, number) => {
    const edge = EDGES[number >> 1];
    const data = randomBytes(random, edge === undefined ? Math.floor(2 ** (random() * 20)) : edge);
    if (number % 2) return { data, binary: true };
    // ASCII, with characters of two, three and four bytes strewn in.
    for (let i = 0; i < data.length; i += 1) data[i] &= 0x7f;
    for (let i = 0; i + 9 <= data.length; i += 9 + Math.floor(random() * 100)) data.write('é漢😀', i);
    return { data, binary: false };
  });
}

// The socket's own account of its end: 'end' is a FIN from the peer, 'error' has the code of a reset.
// And whether our Close had been sent when the peer's came.
function watch(ws) {
  ws.ended = 'a timeout of the closing handshake';
  ws._receiver.prependListener('conclude', () => { ws.closedFirst = ws._closeFrameSent; });
  ws._socket.on('end', () => { ws.ended = 'end of stream'; });
  ws._socket.on('error', (error) => { ws.ended = error.code; });
  ws.on('error', (error) => fail(`error: ${error.message}`));
}

function send(ws, data, options) {
  return new Promise((sent) => ws.send(data, options, (error) => (error ? fail(`send: ${error.message}`) : sent())));
}

// Waits for the pong with this payload; no other ping is under way.
async function ping(ws, payload) {
  const pong = once(ws, 'pong', { signal: AbortSignal.timeout(PATIENCE) });
  ws.ping(payload);
  const [answer] = await pong;
  if (!answer.equals(payload)) fail('a pong differs from its ping');
}

async function sendAll(ws, messages, random) {
  for (const [number, { data, binary }] of messages.entries()) {
    if (number % 4 < 2) {
      await send(ws, data, { binary });
      continue;
    }
    const cuts = Array.from({ length: 1 + Math.floor(random() * 8) }, () => Math.floor(random() * (data.length + 1)));
    cuts.sort((a, b) => a - b);
    let start = 0;
    for (const cut of cuts) {
      await send(ws, data.subarray(start, cut), { binary, fin: false });
      await ping(ws, randomBytes(random, Math.floor(random() * 126)));
      start = cut;
    }
    await send(ws, data.subarray(start), { binary, fin: true });
  }
}

async function client(url, closer) {
  const ws = new WebSocket(url);
  ws.on('error', (error) => fail(`error: ${error.message}`));
  await once(ws, 'open');
  await converse(ws, closer);
}

async function clientH2(url, closer) {
  const { stream, headers } = await extendedConnect(url);
  if (headers[':status'] !== 200) fail(`the server refused with ${headers[':status']}`);
  await converse(overStream(stream, false), closer);
}

async function refusedH2(url, ...fields) {
  const pairs = fields.flatMap((name, index) => (index % 2 ? [] : [[name, fields[index + 1]]]));
  const { stream, headers } = await extendedConnect(url, Object.fromEntries(pairs));
  let body = '';
  for await (const data of stream) body += data;
  fail(`${headers[':status']} ${body}`);
}

async function extendedConnect(url, fields) {
  const session = http2.connect(url.replace(/^ws:/, 'http:'));
  session.on('error', (error) => fail(`error: ${error.message}`));
  const [settings] = await once(session, 'remoteSettings');
  if (!settings.enableConnectProtocol) fail('the server does not allow extended CONNECT');
  const stream = session.request({
    ':method': 'CONNECT', ':protocol': 'websocket', ':path': new URL(url).pathname, 'sec-websocket-version': '13', ...fields,
  });
  const [headers] = await once(stream, 'response');
  return { stream, headers };
}

// `setSocket` is what `ws` itself calls behind a handshake of HTTP/1.1.
function overStream(stream, isServer) {
  const ws = new WebSocket(null, undefined, { autoPong: true, closeTimeout: PATIENCE });
  ws._isServer = isServer;
  ws.setSocket(stream, Buffer.alloc(0), { maxPayload: LARGEST });
  return ws;
}

async function converse(ws, closer) {
  const random = makeRandom(6455);
  const messages = makeMessages(random);
  watch(ws);
  const closed = once(ws, 'close');
  let count = 0;
  const echoed = new Promise((resolve) => {
    ws.on('message', (data, binary) => {
      if (!isDeepStrictEqual({ data, binary }, messages[count])) fail(`echo ${count} differs`);
      count += 1;
      if (count === messages.length) resolve();
    });
  });
  closed.then(() => count < messages.length && fail(`closed after ${count} echoes`));
  await Promise.all([sendAll(ws, messages, random), echoed]);
  if (closer === 'client') ws.close(...CLOSE.client);
  else ws.send(`close ${CLOSE.server.join(' ')}`);
  const close = await closed;
  report(ws, count, closer, 'client', close);
}

async function pingOn(ws, random) {
  ws.pongs = 0;
  while (ws.readyState === WebSocket.OPEN) {
    try {
      await ping(ws, randomBytes(random, Math.floor(random() * 126)));
      ws.pongs += 1;
    } catch (timeout) {
      if (ws.readyState === WebSocket.OPEN) fail('a ping got no pong');
    }
    await sleep(5);
  }
}

function server(closer) {
  const listener = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: LARGEST }, () => printAddress(listener));
  listener.on('connection', (ws) => echo(ws, closer, MESSAGES));
}

function serverH2(closer, messages = MESSAGES) {
  const listener = http2.createServer({ settings: { enableConnectProtocol: true } });
  listener.on('stream', (stream, headers) => {
    if (headers[':path'] === '/members') {
      stream.respond({ ':status': 401 });
      stream.end('members only\n');
    } else {
      stream.respond({ ':status': 200 });
      echo(overStream(stream, true), closer, messages);
    }
  });
  listener.listen(0, '127.0.0.1', () => printAddress(listener));
}

function printAddress(listener) {
  console.log(`ws://127.0.0.1:${listener.address().port}`);
}

async function echo(ws, closer, messages) {
  watch(ws);
  let count = 0;
  ws.on('message', (data, binary) => {
    const close = binary ? null : /^close (\d+) (.*)$/.exec(data);
    if (close) {
      ws.close(Number(close[1]), close[2]);
      return;
    }
    count += 1;
    if (count % 3 === 0) {
      ws.send(data.subarray(0, data.length / 2), { binary, fin: false });
      ws.send(data.subarray(data.length / 2), { binary, fin: true });
    } else {
      ws.send(data, { binary });
    }
  });
  pingOn(ws, makeRandom(6455));
  const close = await once(ws, 'close');
  if (ws.pongs === 0) fail('no ping got its pong');
  if (count < messages) fail(`only ${count} messages came`);
  report(ws, count, closer, 'server', close);
}

function report(ws, count, closer, role, [code, reason]) {
  const expected = CLOSE[closer];
  // The answer to a Close need not repeat its reason.
  if (code !== expected[0] || !(`${reason}` === expected[1] || (closer === role && `${reason}` === ''))) {
    fail(`Close was ${code} ${reason}, not ${expected.join(' ')}; the connection ended with ${ws.ended}`);
  }
  if (ws.closedFirst !== (closer === role)) fail('the wrong side closed first');
  if (ws.ended !== 'end of stream') fail(`the connection ended with ${ws.ended}`);
  console.log(`${count} messages, close ${code} ${reason}, ${ws.ended}`);
  process.exit(0);
}

const [role, ...rest] = process.argv.slice(2);
({ client, server, 'client-h2': clientH2, 'server-h2': serverH2, 'refused-h2': refusedH2 })[role](...rest);

// Node's `ws` with permessage-deflate as the peer of the side under test. Commands and checks are those of deflate.py:
//
//     deflate.js client URL TAKEOVER BITS
//     deflate.js server TAKEOVER BITS
'use strict';

const { WebSocket, WebSocketServer } = require('ws');

const MESSAGES = 10000;
const UNDER_WAY = 100;
const WORDS = 'price volume bid ask symbol état 漢字 😀 timestamp true order trade quantity exchange'.split(' ');

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

function makeMessages() {
  const random = makeRandom(7692);
  const below = (most) => Math.floor(random() * most);
  const value = (depth) => {
    const kind = below(depth ? 7 : 5);
    if (kind === 0) return below(1e9);
    if (kind === 1) return random();
    if (kind === 2) return [null, true, false][below(3)];
    if (kind <= 4) return Array.from({ length: below(6) }, () => WORDS[below(WORDS.length)]).join(' ');
    if (kind === 5) return Array.from({ length: below(8) }, () => value(depth - 1));
    return Object.fromEntries(Array.from({ length: below(8) }, () => [WORDS[below(WORDS.length)], value(depth - 1)]));
  };
  return Array.from({ length: MESSAGES }, (_, id) => ({
    data: Buffer.from(JSON.stringify({ id, value: value(4) })),
    binary: id % 5 === 0,
  }));
}

function deflate(takeover, bits) {
  return {
    serverNoContextTakeover: !takeover,
    clientNoContextTakeover: !takeover,
    serverMaxWindowBits: bits,
    clientMaxWindowBits: bits,
    threshold: 0,
  };
}

// Sends all messages and checks their echoes.
function exchange(ws, takeover, bits) {
  const agreed = ws._extensions['permessage-deflate'];
  if (!agreed) fail('permessage-deflate was not agreed on');
  const { params } = agreed;
  const windows = [params.server_max_window_bits ?? 15, params.client_max_window_bits ?? 15];
  const fresh = [params.server_no_context_takeover ?? false, params.client_no_context_takeover ?? false];
  if (`${[...windows, ...fresh]}` !== `${[bits, bits, !takeover, !takeover]}`) fail(`${JSON.stringify(params)} was agreed on`);
  const messages = makeMessages();
  let sent = 0;
  let count = 0;
  const send = () => {
    for (; sent < messages.length && sent < count + UNDER_WAY; sent += 1) {
      const { data, binary } = messages[sent];
      if (sent % 7 === 0) {
        const third = Math.floor(data.length / 3);
        ws.send(data.subarray(0, third), { binary, fin: false });
        ws.send(data.subarray(third, 2 * third), { binary, fin: false });
        ws.send(data.subarray(2 * third), { binary, fin: true });
      } else {
        ws.send(data, { binary });
      }
    }
  };
  return new Promise((resolve) => {
    ws.on('close', (code) => count < messages.length && fail(`closed with ${code} after ${count} echoes`));
    ws.on('message', (data, binary) => {
      const message = messages[count];
      if (binary !== message.binary || !data.equals(message.data)) fail(`echo ${count} differs`);
      count += 1;
      if (count === messages.length) resolve(`${count} messages, ${JSON.stringify(params)}`);
      else send();
    });
    send();
  });
}

function finish(report) {
  console.log(report);
  process.exit(0);
}

function client(url, takeover, bits) {
  const ws = new WebSocket(url, { perMessageDeflate: deflate(takeover === 'takeover', Number(bits)) });
  ws.on('error', (error) => fail(`error: ${error.message}`));
  ws.on('open', () => exchange(ws, takeover === 'takeover', Number(bits)).then(finish));
}

function server(takeover, bits) {
  const perMessageDeflate = deflate(takeover === 'takeover', Number(bits));
  const listener = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate }, () => {
    console.log(`ws://127.0.0.1:${listener.address().port}`);
  });
  listener.on('connection', (ws, request) => {
    ws.on('error', (error) => fail(`error: ${error.message}`));
    if (request.url.includes('getCaseCount')) {
      ws.send('1');
      ws.close();
    } else {
      exchange(ws, takeover === 'takeover', Number(bits)).then(finish);
    }
  });
}

const [role, ...rest] = process.argv.slice(2);
({ client, server })[role](...rest);

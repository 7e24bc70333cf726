// Node's `http` with a protocol of its own, `lines/1`: both sides switch, then whatever is sent comes back.
//
//     upgrade.js server            prints its address
//     upgrade.js client HOST:PORT [CONTENT]
//
// The client's content, with POST, is what comes back first. This server has none: Node does not read the content of a
// request that asks for Upgrade.
'use strict';

const http = require('node:http');

const MESSAGE = 'line by line\n'.repeat(10000);

function server() {
  const listener = http.createServer((request, response) => {
    response.writeHead(426, { Upgrade: 'lines/1', Connection: 'Upgrade', 'Content-Type': 'text/plain' });
    response.end('speak lines\n');
  });
  listener.on('upgrade', (request, socket, head) => {
    if (request.headers.upgrade !== 'lines/1') {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nspeak lines\n');
      return;
    }
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: lines/1\r\nConnection: Upgrade\r\n\r\n');
    socket.write(head);
    socket.pipe(socket);
  });
  listener.listen(0, '127.0.0.1', () => console.log(`ws://127.0.0.1:${listener.address().port}`));
}

function client(address, content = '') {
  const [host, port] = address.split(':');
  const headers = { Upgrade: 'h2c, lines/1', Connection: 'Upgrade' };
  const request = http.request({ host, port, headers, method: content ? 'POST' : 'GET' });
  request.on('response', (response) => fail(`${response.statusCode} is no switch`));
  request.on('error', (error) => fail(error.message));
  request.on('upgrade', (response, socket, head) => {
    if (response.headers.upgrade !== 'lines/1') fail(`${response.headers.upgrade} is not lines/1`);
    let received = head.toString();
    socket.on('data', (data) => { received += data; });
    socket.on('end', () => {
      if (received !== content + MESSAGE) fail(`${received.length} bytes came back, or others`);
      console.log(`${received.length} bytes`);
    });
    socket.end(MESSAGE);
  });
  request.end(content);
}

function fail(why) {
  console.error(why);
  process.exit(1);
}

const [role, ...rest] = process.argv.slice(2);
({ client, server })[role](...rest);

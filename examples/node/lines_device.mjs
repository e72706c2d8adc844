// A device that talks in lines of text, for a server that listens with Plain(Lines()).
//
//   node lines_device.mjs [port] [host]
//
// It answers each line it gets with one line and says nothing else: without ids in the lines,
// that is what lets the server take the next line for the answer to its request.

import net from 'node:net';
import os from 'node:os';
import readline from 'node:readline';

const [port = '8081', host = '127.0.0.1'] = process.argv.slice(2);

function answer(line) {
  if (line === 'read') return `free memory: ${Math.round(os.freemem() / 2 ** 20)} MiB`;
  return `error: unknown command ${JSON.stringify(line)}`;
}

const socket = net.connect({ port: Number(port), host });

socket.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 1;
});

// readline copes with lines that arrive in pieces, or many at once.
for await (const line of readline.createInterface({ input: socket })) {
  socket.write(`${answer(line)}\n`);
}
socket.end();

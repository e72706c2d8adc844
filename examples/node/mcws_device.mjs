// A device that speaks mcws/1 with nothing but node:net, for a server on its default wire.
//
//   node mcws_device.mjs [port] [host] [seconds between readings]
//
// It sends a reading every second, answers the request "read" with one, and keeps alive.

import net from 'node:net';
import os from 'node:os';

const [port = '8080', host = '127.0.0.1', interval = '1'] = process.argv.slice(2);

const HELLO = 0x01, WELCOME = 0x02, REJECT = 0x03, MESSAGE = 0x10, REQUEST = 0x11, REPLY = 0x12;
const ERROR = 0x13, CANCEL = 0x14, LOSS = 0x19, PING = 0x20, PONG = 0x21, DRAIN = 0x30, CLOSE = 0x31;
const TEXT = 0x01, CONTEXT = 0x08;
const FRAME_BYTES_MAX = 4096; // Bytes of the largest frame we accept; WELCOME and commands are small.

const u8 = (value) => Buffer.from([value]);
const u16 = (value) => Buffer.from([value >> 8, value & 0xff]);
const u32 = (value) => { const bytes = Buffer.alloc(4); bytes.writeUInt32BE(value); return bytes; };
const u64 = (value) => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64BE(value); return bytes; };

const socket = net.connect({ port: Number(port), host }, sayHello);
let received = Buffer.alloc(0);
let lastSent = Date.now();
let lastReceived = Date.now();
let isWelcome = false;
let isClosing = false;

function send(type, flags, ...fields) {
  if (isClosing) return;
  const body = Buffer.concat(fields);
  socket.write(Buffer.concat([u32(body.length + 2), u8(type), u8(flags), body]));
  lastSent = Date.now();
}

function sayHello() {
  const id = Buffer.from('node-device');
  const keepalive = u16(20); // Seconds.
  const features = u32(1); // We answer requests.
  send(HELLO, 0, Buffer.from('MCWS'), u8(1), u32(FRAME_BYTES_MAX), u16(0), keepalive, features,
    u64(0n), u32(0), u64(0n), u64(0n), // No sessions: incarnation, attempt, sid, received.
    u8(id.length), id, u8(0), u16(0), u16(0)); // No contract, no auth, no ext.
}

function reading() {
  return Buffer.from(JSON.stringify({ free_mib: Math.round(os.freemem() / 2 ** 20) }));
}

function close(code) {
  send(CLOSE, 0, u16(code));
  isClosing = true;
  socket.end(); // What still comes is discarded until the server ends too.
}

function begin(welcome) {
  isWelcome = true;
  const keepalive_ms = welcome.readUInt16BE(19) * 1000; // Behind session, sid, received, window.
  setInterval(() => send(MESSAGE, TEXT, reading()), Number(interval) * 1000).unref();
  setInterval(() => {
    const silence_ms = Date.now() - lastReceived;
    if (silence_ms > 2.5 * keepalive_ms) socket.destroy(new Error('the server is silent'));
    else if (Date.now() - lastSent >= keepalive_ms) send(PING, 0);
  }, keepalive_ms / 4).unref();
}

function answer(request) {
  const correlation_id = request.subarray(0, 4); // The timeout_ms in front of the payload is unused.
  if (request.subarray(8).toString() === 'read') send(REPLY, TEXT, correlation_id, reading());
  else send(ERROR, 0, correlation_id, u16(2), Buffer.from('the only request is "read"'));
}

function take(type, flags, body) {
  if (!isWelcome && type === WELCOME) begin(body);
  else if (!isWelcome && type === REJECT) throw new Error(`rejected: ${body.subarray(6)}`);
  else if (!isWelcome) throw new Error('the server does not speak mcws/1');
  else if (type === MESSAGE) console.log(payload(flags, body).toString());
  else if (type === REQUEST) answer(payload(flags, body));
  else if (type === PING) send(PONG, 0, body);
  else if (type === CLOSE) close(body.readUInt16BE(0));
  else if (![PONG, CANCEL, LOSS, DRAIN].includes(type) && type < 0x80) close(1002);
}

function payload(flags, body) {
  return flags & CONTEXT ? body.subarray(1 + body[0]) : body;
}

socket.on('data', (chunk) => {
  lastReceived = Date.now();
  received = Buffer.concat([received, chunk]);
  while (!isClosing && received.length >= 4) {
    const length = received.readUInt32BE(0); // Of all that comes after these four bytes.
    if (length < 2) return close(1002);
    if (length > FRAME_BYTES_MAX) return close(1009);
    if (received.length < 4 + length) return;
    const frame = received.subarray(4, 4 + length);
    received = received.subarray(4 + length);
    take(frame[0], frame[1], frame.subarray(2));
  }
});

socket.on('end', () => { if (!isClosing) socket.destroy(new Error('the connection was lost')); });
socket.on('error', (error) => { console.error(error.message); process.exitCode = 1; });
process.on('uncaughtException', (error) => { console.error(error.message); process.exit(1); });
process.on('SIGINT', () => close(1000));

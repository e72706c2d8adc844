// Node's `net`: each chunk goes back, or to all, as it came; no framing, no limits.
'use strict'

const net = require('node:net')

const broadcasts = process.argv[2] === 'broadcast'
const everybody = new Set()

const server = net.createServer({ noDelay: true }, socket => {
  everybody.add(socket)
  socket.on('data', chunk => {
    if (broadcasts) for (const other of everybody) other.write(chunk)
    else socket.write(chunk)
  })
  socket.on('close', () => everybody.delete(socket))
  socket.on('error', () => socket.destroy())
})
server.listen(0, '127.0.0.1', 511, () => console.log(server.address().port))

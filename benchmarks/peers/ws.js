// The npm package `ws`, as its documentation shows it.
'use strict'

const { WebSocketServer } = require('ws')

const broadcasts = process.argv[2] === 'broadcast'
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })

server.on('connection', socket => {
  socket.on('error', () => socket.terminate())
  socket.on('message', (data, isBinary) => {
    if (broadcasts) for (const other of server.clients) other.send(data, { binary: isBinary })
    else socket.send(data, { binary: isBinary })
  })
})
server.on('listening', () => console.log(server.address().port))

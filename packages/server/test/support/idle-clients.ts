import { connect, type Socket } from 'node:net'

/**
 * Connections that are kept and say nothing after one request, in a process of their own, so that they take neither the server's memory nor its descriptors:
 * `idle-clients.ts PORT COUNT`. Says how many were answered once all have been, and, whenever it is told anything, how many are open still.
 */
const [port, count] = process.argv.slice(2).map(Number) as [number, number]
const open = new Set<Socket>()
let answered = 0

function keep(): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      open.add(socket)
      socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n')
    })
    socket.once('data', (data) => {
      if (String(data).startsWith('HTTP/1.1 200 ')) answered++
      resolve()
    })
    socket.on('error', () => {})
    socket.once('close', () => {
      open.delete(socket)
      resolve()
    })
  })
}

for (let made = 0; made < count; made += 100)
  await Promise.all(Array.from({ length: Math.min(100, count - made) }, keep))
process.send!(answered)
process.on('message', () => process.send!(open.size))

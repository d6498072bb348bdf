import type { Socket } from 'node:net'
import type { Exchange } from './exchange.ts'

/** What ends when a connection does. */
const onEnd = new WeakMap<Socket, Set<() => void>>()

/** Calls `end` when the answer has been taken, or its connection is gone. An answer that waits behind another one is not told of that itself. */
export function untilAnswered({ env: { incoming, outgoing } }: Exchange, end: () => void): void {
  const { socket } = incoming
  const ends = endsOf(socket)
  ends.add(end)
  outgoing.once('close', () => {
    ends.delete(end)
    end()
  })
  if (socket.destroyed) end()
}

/** One listener a connection, however many requests it brings at once. */
function endsOf(socket: Socket): Set<() => void> {
  const known = onEnd.get(socket)
  if (known !== undefined) return known
  const ends = new Set<() => void>()
  onEnd.set(socket, ends)
  socket.once('close', () => {
    for (const end of ends) end()
  })
  return ends
}

/** Answers of a connection that are made and not out yet. */
const unread = new WeakMap<Socket, number>()

/**
 * From now on, until the answer is out, a connection on which nothing moves for so long is ended: whoever asks and does not read would have the
 * answer lie here for ever.
 */
export function cutOffIfUnread({ env: { incoming, outgoing } }: Exchange, unreadMs: number): void {
  const { socket } = incoming
  unread.set(socket, (unread.get(socket) ?? 0) + 1)
  socket.setTimeout(unreadMs)
  outgoing.once('finish', () => {
    const left = unread.get(socket)! - 1
    unread.set(socket, left)
    // The next one may be in the making yet, which takes its time; between two requests Node has one of its own.
    if (left === 0 && socket.timeout === unreadMs) socket.setTimeout(0)
  })
}

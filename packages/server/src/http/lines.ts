import type { Exchange } from './exchange.ts'

/** For how long a client may leave what it asked for unread, before its connection is ended. */
const defaultStallMs = 60_000

/**
 * The records as one line of JSON each, taken from their source as the client reads: no more than a buffer of them is held. The
 * first is taken before anything is answered, so that a refusal is one. What fails later ends the connection, and the client
 * can tell, since an answer in chunks has an end.
 */
export async function lines(
  exchange: Exchange,
  records: AsyncGenerator<unknown>,
  stallMs = defaultStallMs,
): Promise<Response> {
  const utf8 = new TextEncoder()
  const { socket } = exchange.env.incoming
  let next: IteratorResult<unknown> | null = await records.next()
  let stalled: NodeJS.Timeout | undefined
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      clearTimeout(stalled)
      const taken = next ?? (await records.next())
      next = null
      if (taken.done === true) return controller.close()
      controller.enqueue(utf8.encode(`${JSON.stringify(taken.value)}\n`))
      stalled = setTimeout(() => socket.destroy(), stallMs)
      stalled.unref()
    },
    async cancel() {
      clearTimeout(stalled)
      await records.return(undefined)
    },
  })
  return exchange.body(stream, 200, { 'Content-Type': 'application/x-ndjson' })
}

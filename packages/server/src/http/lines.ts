import type { Exchange } from './exchange.ts'

/**
 * The records as one line of JSON each, taken from their source as the client reads: no more than a buffer of them is held. The
 * first is taken before anything is answered, so that a refusal is one. What fails later ends the connection, and the client
 * can tell, since an answer in chunks has an end.
 */
export async function lines(exchange: Exchange, records: AsyncGenerator<unknown>): Promise<Response> {
  const utf8 = new TextEncoder()
  let next: IteratorResult<unknown> | null = await records.next()
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const taken = next ?? (await records.next())
      next = null
      if (taken.done === true) controller.close()
      else controller.enqueue(utf8.encode(`${JSON.stringify(taken.value)}\n`))
    },
    async cancel() {
      await records.return(undefined)
    },
  })
  return exchange.body(stream, 200, { 'Content-Type': 'application/x-ndjson' })
}

import type { Exchange } from './exchange.ts'
import { unauthenticated } from './problem.ts'

/**
 * The records as one line of JSON each, taken from their source as the client reads: no more than a buffer of them is held. The
 * first is taken before anything is answered, so that a refusal is one. What fails later, and a credential that is good no more, ends the
 * connection, and the client can tell, since an answer in chunks has an end.
 */
export async function lines(
  exchange: Exchange,
  records: AsyncGenerator<unknown>,
  stands: () => Promise<boolean>,
): Promise<Response> {
  const utf8 = new TextEncoder()
  let next: IteratorResult<unknown> | null = await records.next()
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const taken = next ?? (await nextWhile(stands, records))
        next = null
        if (taken.done === true) controller.close()
        else controller.enqueue(utf8.encode(`${JSON.stringify(taken.value)}\n`))
      } catch (error) {
        // Thrown on, it would stand on stderr as it is.
        exchange.var.noteFault(error)
        exchange.env.outgoing.destroy()
      }
    },
    async cancel() {
      await records.return(undefined)
    },
  })
  return exchange.body(stream, 200, { 'Content-Type': 'application/x-ndjson' })
}

/** Judged at each record, since any of them may be the first of another page. */
async function nextWhile(stands: () => Promise<boolean>, records: AsyncGenerator<unknown>) {
  if (await stands()) return records.next()
  throw unauthenticated()
}

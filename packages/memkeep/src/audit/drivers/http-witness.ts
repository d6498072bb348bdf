import { MemkeepError } from '../../core/errors.ts'
import { formatShown, type Shown, type Witness, type WitnessAnswer } from '../witness.ts'

export interface HttpWitnessInput {
  /** Its submission prefix, `https:` (or `http:` on this machine); `/add-checkpoint` is added. */
  readonly url: string
  /** Its verifier key (vkey) for cosignatures. */
  readonly key: string
  /** Default 10,000. */
  readonly timeoutMs?: number
  /** In place of the global `fetch`: for a proxy, or a certificate authority of your own. */
  readonly fetch?: typeof fetch
}

/** A witness that speaks C2SP tlog-witness. It must have been told this log's key, which `memkeep audit key` prints. */
export function httpWitness({ url, key, timeoutMs = 10_000, fetch: send = fetch }: HttpWitnessInput): Witness {
  const address = new URL('add-checkpoint', checkAddress(url))
  return {
    name: address.origin,
    key,
    async add(shown: Shown): Promise<WitnessAnswer> {
      let response: Response
      let text: string
      try {
        const signal = AbortSignal.timeout(timeoutMs)
        response = await send(address, { method: 'POST', body: formatShown(shown), redirect: 'error', signal })
        text = await bounded(response)
      } catch (cause) {
        throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the witness cannot be reached', { cause, retryable: true })
      }
      return answerOf(response, text)
    },
  }
}

/** An answer is a few lines: one that does not end is not read to its end. */
async function bounded(response: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > 65_536) throw new TypeError('the answer is too long')
  }
  return text + decoder.decode()
}

function answerOf(response: Response, text: string): WitnessAnswer {
  const { status } = response
  if (status === 200) return { outcome: 'seen', cosignatures: text }
  if (status === 422) return { outcome: 'inconsistent' }
  if (status === 404 || status === 403) return { outcome: 'unknown' }
  const size = /^(0|[1-9]\d{0,15})\n$/.exec(text)?.[1]
  if (status === 409 && size !== undefined) return { outcome: 'conflict', size: Number(size) }
  const retryable = status === 429 || status >= 500
  throw new MemkeepError('ERR_STORE_UNAVAILABLE', `the witness answered with status ${status}`, { retryable })
}

function checkAddress(url: string): string {
  const address = URL.parse(url)
  const here = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(address?.hostname ?? '')
  if (address === null || !(address.protocol === 'https:' || (address.protocol === 'http:' && here))) {
    throw new MemkeepError('ERR_INPUT_INVALID', "a witness's url begins with https:")
  }
  return address.href.endsWith('/') ? address.href : `${address.href}/`
}

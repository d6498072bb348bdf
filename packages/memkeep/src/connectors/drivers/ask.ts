import { MemkeepError } from '../../core/errors.ts'
import { Failure, isPassing, networkCodeOf, retryAfterMs } from '../../core/failure.ts'

export interface Question {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** JSON text. */
  readonly body?: string
  /** A status beside 2xx that is an answer too, given as null. */
  readonly absent?: number
}

/**
 * One JSON request. Redirects are refused, since they would carry ids elsewhere. Errors say status and network code; never a header, or
 * what the server wrote.
 */
export async function ask(
  { method, url, headers, body, absent }: Question,
  signal: AbortSignal,
  send: typeof fetch,
): Promise<unknown> {
  const how = {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    signal,
  }
  const response = await send(url, { ...how, ...(body === undefined ? {} : { body }), redirect: 'manual' }).catch(
    unreachable,
  )
  const text = await response.text().catch(unreachable)
  if (response.status === absent) return null
  if (!response.ok) {
    const waitMs = retryAfterMs((name) => response.headers.get(name), Date.now())
    throw new Failure(`the store answered with status ${response.status}`, isPassing(response.status), waitMs)
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new Failure('the store answered with what is no JSON', false)
  }
}

/** The address, which ends without a slash. Throws `ERR_INPUT_INVALID` for what is no http address, or holds a password. */
export function checkAddress(address: string, what: string): string {
  const url = URL.canParse(address) ? new URL(address) : null
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    url.username !== '' ||
    url.password !== '' ||
    url.hash !== ''
  ) {
    throw new MemkeepError('ERR_INPUT_INVALID', `${what} must be an http or https address without a password`)
  }
  return url.href.replace(/\/+$/, '')
}

/** Throws `ERR_INPUT_INVALID` for what no HTTP header can carry: the error of `fetch` would repeat the value. */
export function checkHeader(value: string, what: string): string {
  if (typeof value !== 'string' || !/^[\x20-\x7e]+$/.test(value)) {
    throw new MemkeepError('ERR_INPUT_INVALID', `${what} must be text that an HTTP header can carry`)
  }
  return value
}

function unreachable(error: unknown): never {
  const code = networkCodeOf(error)
  const lasting = /CERT|SIGNATURE|^ERR_TLS/.test(code ?? '')
  throw new Failure(`the store could not be reached${code === null ? '' : ` (${code})`}`, !lasting)
}

import type { IncomingMessage } from 'node:http'
import { MemkeepError } from 'memkeep'
import { ScopeSmuggled } from '../operations/names-scope.ts'
import { mentionsScope } from '../operations/smuggles.ts'
import { parseJson } from './parse-json.ts'
import { Refusal } from './problem.ts'

/**
 * The JSON of a request's body. Refuses another type (415), more than the limit (413, without keeping what comes after it),
 * what is not UTF-8 or not JSON (400), and JSON that is ambiguous or of too many values (422).
 */
export async function readJson(incoming: IncomingMessage, limitBytes: number, mostValues?: number): Promise<unknown> {
  const {
    'content-type': type = '',
    'content-encoding': encoding = 'identity',
    'content-length': length,
  } = incoming.headers
  if (!/^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(type.trim())) {
    throw new Refusal(415, 'ERR_MEDIA_TYPE', 'the body must be application/json in UTF-8', {
      Accept: 'application/json',
    })
  }
  if (encoding.trim().toLowerCase() !== 'identity') {
    throw new Refusal(415, 'ERR_MEDIA_TYPE', 'the body must not be compressed', { 'Accept-Encoding': 'identity' })
  }
  if (Number(length ?? 0) > limitBytes) throw tooLarge(limitBytes)
  return parseJson(decode(await readBytes(incoming, limitBytes)), mostValues)
}

/** For a route that takes none: a body is refused, not ignored, unless it is `{}`, which some clients send with every POST. */
export async function refuseBody(incoming: IncomingMessage, limitBytes: number): Promise<void> {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = incoming.headers
  if (encoding === undefined && Number(length) === 0) return
  // Whatever it is, it is not taken; it is read to tell an attempt from a slip.
  const value = await readJson(incoming, limitBytes).catch((error: unknown) => {
    if (error instanceof ScopeSmuggled) throw error
  })
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0) return
  throw mentionsScope(value) ? new ScopeSmuggled() : new MemkeepError('ERR_INPUT_INVALID', 'this route takes no body')
}

function tooLarge(limitBytes: number): MemkeepError {
  return new MemkeepError('ERR_INPUT_TOO_LARGE', `the body is larger than ${limitBytes} bytes`)
}

function readBytes(incoming: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const chunks: Buffer[] = []
  let size = 0
  const take = (chunk: Buffer): void => {
    size += chunk.length
    if (size > limitBytes) {
      incoming.off('data', take)
      incoming.pause()
      reject(tooLarge(limitBytes))
    } else chunks.push(chunk)
  }
  let ended = false
  const abort = (): void => {
    if (!ended) reject(new MemkeepError('ERR_ABORTED', 'the client went away'))
  }
  incoming.on('data', take)
  incoming.once('end', () => {
    ended = true
    resolve(Buffer.concat(chunks))
  })
  incoming.on('error', abort)
  incoming.once('close', abort)
  if (incoming.destroyed) abort()
  return promise
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new Refusal(400, 'ERR_REQUEST_MALFORMED', 'the body is not UTF-8')
  }
}

import { type Embed, embeds } from './add.ts'
import { checkBoolean, checkIdempotencyKey, checkKeys, checkOneOf, checkSignal } from './input.ts'

export interface WriteOptions {
  /** 1 to 200 characters. The same key with the same call within a day answers as the first did; with another, it throws. */
  readonly idempotencyKey?: string
  /** When the memories get their vectors: `now` (default), `later`, `now-or-later`. */
  readonly embed?: Embed
  /**
   * True where `derivedFrom` is a model's word: what an agent or a tool says may come from more than that, so what its session was shown and told counts as well, as for
   * what names no sources. Default false: the sources that are named are all.
   */
  readonly madeFromMore?: boolean
  /** Heeded until the write is sent. */
  readonly signal?: AbortSignal
}

/** Names of `WriteOptions`. */
export const writeOptionKeys: readonly string[] = ['idempotencyKey', 'embed', 'madeFromMore', 'signal']

export function checkWrite(options: unknown, keys: readonly string[]) {
  const {
    idempotencyKey,
    embed = 'now',
    madeFromMore = false,
    signal,
  } = checkKeys<WriteOptions>(options, 'options', keys)
  checkSignal(signal)
  return {
    idempotencyKey: checkIdempotencyKey(idempotencyKey),
    embed: checkOneOf(embed, 'embed', embeds),
    madeFromMore: checkBoolean(madeFromMore, 'madeFromMore'),
    signal,
  }
}

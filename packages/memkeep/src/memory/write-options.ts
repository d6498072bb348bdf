import { type Embed, embeds } from './add.ts'
import { checkIdempotencyKey, checkKeys, checkOneOf, checkSignal } from './input.ts'

export interface WriteOptions {
  /** 1 to 200 characters. The same key with the same call within a day answers as the first did; with another, it throws. */
  readonly idempotencyKey?: string
  /** When the memories get their vectors: `now` (default), `later`, `now-or-later`. */
  readonly embed?: Embed
  /** Heeded until the write is sent. */
  readonly signal?: AbortSignal
}

/** Names of `WriteOptions`. */
export const writeOptionKeys: readonly string[] = ['idempotencyKey', 'embed', 'signal']

export function checkWrite(options: unknown, keys: readonly string[]) {
  const { idempotencyKey, embed = 'now', signal } = checkKeys<WriteOptions>(options, 'options', keys)
  checkSignal(signal)
  return { idempotencyKey: checkIdempotencyKey(idempotencyKey), embed: checkOneOf(embed, 'embed', embeds), signal }
}

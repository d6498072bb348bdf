import type { DataKey } from '../keys/data-key.ts'

/** Kept at a time under one key. */
const kept = 10_000
const sealed = new WeakMap<DataKey, Map<string, Buffer>>()

/** What was sealed under this opened key by that name before, or what `seal` makes of it now. Goes when the key goes. */
export function sealedOnce(key: DataKey, name: string, seal: () => Buffer): Buffer {
  let known = sealed.get(key)
  if (known === undefined) {
    known = new Map()
    sealed.set(key, known)
  }
  let bytes = known.get(name)
  if (bytes === undefined) {
    bytes = seal()
    if (known.size === kept) known.clear()
    known.set(name, bytes)
  }
  return bytes
}

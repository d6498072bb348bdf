import { writeSync } from 'node:fs'
import type pg from 'pg'
import type { KillPoint } from '../../src/core/seams.ts'
import { MemkeepError, openMemkeep, type ScopedMemory } from '../../src/index.ts'
import { mintScope, type Principal } from '../../src/trust.ts'
import { keysAt } from '../support/keys-at.ts'
import { random } from '../support/seed.ts'

// Writes and reads until it is killed, and says what was acknowledged, answered and denied: one JSON line for each call, after the call.

export interface ChildOrder {
  readonly database: pg.ClientConfig
  readonly keyDir: string
  readonly tenant: string
  readonly subject: string
  readonly seed: number
  /** Die at the n-th time (from 1) that this point is reached. */
  readonly dieAt?: { readonly point: KillPoint; readonly time: number }
}

export type Acknowledged =
  | { readonly did: 'begin' }
  | {
      readonly did: 'add'
      readonly batch: string
      readonly memories: readonly { readonly id: string; readonly content: string }[]
    }
  | { readonly did: 'update'; readonly id: string; readonly version: number; readonly content: string }
  | { readonly did: 'delete'; readonly id: string }
  | { readonly did: 'read'; readonly action: ReadAction; readonly ids: readonly string[] }
  | { readonly did: 'denied' }

export type ReadAction = 'memory.search' | 'memory.get' | 'memory.export'

/** Content of one memory of a batch: it tells how many there must be. */
export function partOf(batch: string, part: number, parts: number): string {
  return `${batch} part ${part} of ${parts}`
}

/** A read whose server died after it had committed, and before its answer came, says that it may be asked again: nobody does so for its caller. */
async function answered<T>(read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof MemkeepError) || error.code !== 'ERR_STORE_UNAVAILABLE') throw error
    }
  }
}

async function exported(memory: ScopedMemory): Promise<string[]> {
  const ids = new Set<string>()
  for await (const record of memory.export()) if (record.type === 'memory') ids.add(record.id)
  return [...ids]
}

async function denied(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (error instanceof MemkeepError && error.code === 'ERR_ACCESS_DENIED') return
    throw error
  }
  throw new Error('it was not denied')
}

const order: ChildOrder | undefined = process.argv[2] === undefined ? undefined : JSON.parse(process.argv[2])
if (order !== undefined && process.argv[1] === import.meta.filename) await write(order)

async function write(order: ChildOrder): Promise<void> {
  let times = 0
  const reach = (point: KillPoint): void => {
    if (point !== order.dieAt?.point || ++times !== order.dieAt.time) return
    process.kill(process.pid, 'SIGKILL')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  }
  const say = (told: Acknowledged) => writeSync(1, `${JSON.stringify(told)}\n`)
  const keep = await openMemkeep({
    database: { ...order.database, max: 3 },
    ...keysAt(order.keyDir),
    acceptOldServer: true,
    seams: { reach },
  })
  const of = (principal: Omit<Principal, 'id'>) =>
    keep.for(mintScope({ tenant: order.tenant, subject: order.subject, principal: { id: 'child', ...principal } }))
  const memory = of({ roles: ['agent'], rights: ['export'] })
  const without = of({ roles: [] })
  const chance = random(order.seed)
  const standing = new Map<string, number>()
  say({ did: 'begin' })
  for (let number = 0; ; number++) {
    const batch = `${order.seed}-${number}`
    const parts = chance() < 0.5 ? 1 : 2 + Math.floor(chance() * 20)
    const contents = Array.from({ length: parts }, (_, part) => partOf(batch, part, parts))
    const receipts = await (parts === 1
      ? memory.add(contents[0]!, { actor: 'user' }).then((receipt) => [receipt])
      : memory.addMany(contents.map((content) => ({ content, actor: 'user' }))))
    for (const { id } of receipts) standing.set(id, 1)
    say({ did: 'add', batch, memories: receipts.map(({ id }, part) => ({ id, content: contents[part]! })) })
    const [id] = standing.keys()
    if (chance() < 0.2) {
      // Its number of parts stays in the content, so that a batch is still seen to be whole.
      const old = (await answered(() => memory.get(id!)))!
      say({ did: 'read', action: 'memory.get', ids: [id!] })
      const content = `${old.content}, revised`
      const { version } = (await memory.update(id!, { content }, { actor: 'user' }))!
      say({ did: 'update', id: id!, version, content })
    } else if (chance() < 0.1 && receipts.length === 1) {
      const gone = receipts[0]!.id
      standing.delete(gone)
      if (await memory.delete(gone)) say({ did: 'delete', id: gone })
    }
    if (chance() < 0.5) {
      const { memories } = await answered(() => memory.search(batch, { limit: 5 }))
      say({ did: 'read', action: 'memory.search', ids: memories.map((found) => found.id) })
    }
    if (chance() < 0.1) say({ did: 'read', action: 'memory.export', ids: await answered(() => exported(memory)) })
    if (chance() < 0.3) {
      await answered(() => denied(without.search(batch)))
      say({ did: 'denied' })
    }
  }
}

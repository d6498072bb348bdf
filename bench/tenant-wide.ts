/**
 * A search over every subject of a tenant: the first of a process, which opens each one's key and reads each one's shelf, and the next.
 * Beside it how many calls each made, by the events that they left.
 *
 *   node --conditions=memkeep-src bench/tenant-wide.ts
 *
 * SUBJECTS (500), MEMORIES of each (20), ROUNDS (5).
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embedded } from '@memkeep/embedded'
import { openMemkeep } from 'memkeep'
import { directoryKeyStore, localKeys } from 'memkeep/keys/local'
import { mintGrant, mintScope, mintTenantScope } from 'memkeep/trust'
import pg from 'pg'
import { median } from './rounds.ts'
import { memoryText, queryText } from './texts.ts'

const setting = (name: string, fallback: number) => Number(process.env[name] ?? fallback)
const [subjects, memories, rounds] = [setting('SUBJECTS', 500), setting('MEMORIES', 20), setting('ROUNDS', 5)]
const fillers = 8

/** Key records are files that are synced one by one: where that costs nothing, filling is not a test of the disk. */
const fast = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const [dir, keyDir] = [await mkdtemp(join(tmpdir(), 'mk-bench-')), await mkdtemp(join(fast, 'mk-bench-keys-'))]
const engine = embedded({ dir })
const running = await engine.start()
const principal = { id: 'bench', roles: ['agent'] }
/** Each holds no key and no shelf. */
const open = () =>
  openMemkeep({
    database: engine,
    keys: localKeys({ file: join(keyDir, 'root.key') }),
    keyStore: directoryKeyStore({ dir: join(keyDir, 'store') }),
  })

async function fill(): Promise<void> {
  await using keep = await open()
  const grant = mintGrant({ principal, rights: ['tenants'], reason: 'bench', ttlSeconds: 3600 })
  await keep.privileged(grant).tenants.create('acme')
  let next = 0
  const filler = async (): Promise<void> => {
    for (let subject = next++; subject < subjects; subject = next++) {
      const texts = Array.from({ length: memories }, (_, n) => memoryText(subject * memories + n))
      const memory = keep.for(mintScope({ tenant: 'acme', subject: `subject ${subject}`, principal }))
      await memory.addMany(texts.map((content) => ({ content, actor: 'user' as const })))
    }
  }
  await Promise.all(Array.from({ length: fillers }, filler))
}

async function measure(): Promise<void> {
  const admin = new pg.Client(running.admin)
  await admin.connect()
  const events = async () => {
    const { rows } = await admin.query<{ n: number }>('select count(*)::int as n from memkeep.event')
    return rows[0]!.n
  }
  const seen = { first: [] as number[], next: [] as number[], firstCalls: [] as number[], nextCalls: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    await using keep = await open()
    const wide = { ...principal, rights: ['tenant' as const] }
    const memory = keep.for(mintTenantScope({ tenant: 'acme', principal: wide }))
    for (const which of ['first', 'next'] as const) {
      const before = await events()
      const began = performance.now()
      await memory.search(queryText(round))
      seen[which].push(performance.now() - began)
      seen[`${which}Calls`].push((await events()) - before)
    }
  }
  await admin.end()
  console.log(`| search over ${subjects} subjects x ${memories} | ms | calls |`)
  console.log('|---|---|---|')
  for (const which of ['first', 'next'] as const) {
    console.log(`| ${which} | ${median(seen[which]).toFixed(1)} | ${median(seen[`${which}Calls`])} |`)
  }
}

try {
  await fill()
  await measure()
} finally {
  await running.release()
  for (const place of [dir, keyDir]) await rm(place, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
}

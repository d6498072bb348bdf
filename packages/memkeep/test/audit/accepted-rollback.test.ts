import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fileWitness } from '../../src/audit/drivers/file-witness.ts'
import { readHead } from '../../src/audit/witness.ts'
import type { Keep, RunningEngine } from '../../src/index.ts'
import { acceptRollback } from '../../src/install.ts'
import { decodeLeaf } from '../../src/proof/ledger-leaf.ts'
import { lineResource } from '../../src/proof/line-leaf.ts'
import { verifyLedger } from '../../src/verify.ts'
import { goOn, hasGo, opensslOn } from '../proof/foreign-tools.ts'
import type { Files } from '../proof/mutations.ts'
import { bundleOf } from '../proof/sample-ledger.ts'
import { codeOf, errorOf } from '../support/code-of.ts'
import { SetBack } from './set-back.ts'
import { witnessAt } from './witness-at.ts'

// A data directory that was copied, used further, put back from the copy, and accepted; then all of it once more.

const place = new SetBack()
const witness = fileWitness({ path: join(place.dir, 'witnessed') })
afterAll(() => place[Symbol.asyncDispose]())

/** The size of the last head in the witness's file, and its origin. */
const lastSeen = () => {
  const line = readFileSync(witness.file!, 'utf8').trimEnd().split('\n').at(-1)!
  return readHead((JSON.parse(line) as { checkpoint: string }).checkpoint)
}

const accept = (change: object = {}, login: keyof Pick<RunningEngine, 'admin' | 'app' | 'upkeep'> = 'admin') =>
  place.withEngine((engine) =>
    acceptRollback({
      ...place.keys,
      admin: { ...engine[login] },
      database: { ...engine.app },
      witness,
      by: 'olga',
      reason: 'the disk died, and this is the newest backup',
      confirm: lastSeen().size,
      ...change,
    }),
  )

async function exported(keep: Keep, line?: number): Promise<Files> {
  const files = new Map<string, Uint8Array>()
  const options = line === undefined ? {} : { line }
  for await (const { path, bytes } of place.audit(keep).export(options)) files.set(path, bytes)
  return files
}

async function query<T extends object>(text: string): Promise<T[]> {
  return place.withEngine(async (engine) => {
    const client = new pg.Client({ ...engine.admin })
    await client.connect()
    try {
      return (await client.query<T>(text)).rows
    } finally {
      await client.end()
    }
  })
}

const lines = async () =>
  (await query<{ line: number; size: string }>('select line, size from memkeep.log order by tenant, line')).length

beforeAll(async () => {
  await place.createTenant('acme')
  await place.use(witness, 'before the copy')
  await place.copyTo('old')
  for (let n = 0; n < 3; n++) await place.use(witness, `after the copy ${n}`)
  await place.copyTo('new')
}, 120_000)

test('what was not set back is not accepted', { timeout: 60_000 }, async () => {
  expect(await codeOf(accept())).toBe('ERR_INPUT_INVALID')
})

test('whoever is no administrator, confirms another head or says no reason accepts nothing', {
  timeout: 120_000,
}, async () => {
  await place.setBackTo('old')
  expect(await codeOf(place.open(witness))).toBe('ERR_STORE_ROLLED_BACK')
  const before = await lines()
  for (const login of ['app', 'upkeep'] as const) expect(await codeOf(accept({}, login))).toBe('ERR_STORE_UNSAFE')
  for (const change of [{ confirm: lastSeen().size - 1 }, { reason: ' ' }, { by: '' }]) {
    expect(await codeOf(accept(change)), JSON.stringify(change)).toBe('ERR_INPUT_INVALID')
  }
  // Another log's head, and one that the log never signed.
  for (const head of ['nothing', 'memkeep/log/0\n1\nAAAA\n\n\u2014 x AAAA\n']) {
    expect(await codeOf(accept({ head })), head).toBe('ERR_PROOF_INVALID')
  }
  expect(await lines()).toBe(before)
  expect(await codeOf(place.open(witness))).toBe('ERR_STORE_ROLLED_BACK')
})

let former: Files

test('accepted, it serves and is logged on in a new line whose first leaf names the old head', {
  timeout: 180_000,
}, async () => {
  const givenUp = lastSeen()
  {
    // Without the witness: the line that ends, as an auditor has it.
    await using keep = await place.open()
    await keep.sequence()
    former = await exported(keep)
  }
  const { line, key, witnessed, ...accepted } = await accept()
  expect({ line, witnessed }).toEqual({ line: 2, witnessed: true })
  expect(accepted.givenUp).toEqual({ ...givenUp, root: Buffer.from(givenUp.root).toString('base64') })
  // The witness holds both lines.
  const seen = readFileSync(witness.file!, 'utf8')
  expect(seen).toContain(givenUp.origin)
  expect(lastSeen()).toMatchObject({ origin: key.split('+')[0], size: 1 })
  const [leaf] = await query<{ entry: Buffer }>(
    `select entry from memkeep.log_entry where line = 2 and seq = 0 and tenant in (select tenant from memkeep.log where vkey = '${key}')`,
  )
  expect(decodeLeaf(leaf!.entry)).toMatchObject({
    seq: 0,
    op: 'audit.line',
    actorClass: 'operator',
    resource: lineResource(givenUp),
  })
  // The act is an event, which waits for its place as any other.
  const events = await query<{ outcome: string; affected: number; waits: boolean }>(
    `select e.outcome, e.affected, p.id is not null as waits from memkeep.event e left join memkeep.pending p using (tenant, id)
     where e.action = 'ledger.accept-rollback'`,
  )
  expect(events).toEqual([{ outcome: 'ok', affected: 2, waits: true }])

  {
    // Former heads that were never signed: a new line would name them for good.
    await query('create table public.signed as select tenant, line, note from memkeep.log')
    await query("update memkeep.log set note = regexp_replace(note, E'\\n[0-9]+\\n', E'\\n1\\n') where line = 1")
    await using keep = await place.open()
    expect(await codeOf(keep.sequence())).toBe('ERR_STORE_UNSAFE')
    await query(
      'update memkeep.log l set note = s.note from public.signed s where (s.tenant, s.line) = (l.tenant, l.line)',
    )
    await query('drop table public.signed')
  }
  const id = await place.use(witness, 'after it was accepted')
  await using keep = await place.open(witness)
  expect((await place.memory(keep).get(id))?.content).toBe('after it was accepted')
  await keep.sequence()
  const head = (await place.audit(keep).checkpoint())!
  expect(head.line).toBe(2)
  const ended = await verifyLedger(bundleOf(former))
  const report = await verifyLedger(bundleOf(await exported(keep)), { key: head.key })
  expect(report.previous).toEqual({ key: ended.key, origin: ended.origin, size: ended.size, root: ended.root })
  expect(report.origin).not.toBe(ended.origin)
  // The line that ended is as it was.
  expect((await verifyLedger(bundleOf(await exported(keep, 1)), { key: ended.key })).size).toBe(ended.size)
  const { items } = await place.audit(keep).list({ limit: 100 })
  expect(new Set(items.filter(({ index }) => index !== null).map((event) => event.line))).toEqual(new Set([1, 2]))
  expect(items.every(({ intact }) => intact !== false)).toBe(true)
  const placed = items.find((event) => event.line === 2)!
  expect((await place.audit(keep).proof(placed.id))?.vkey).toBe(head.key)
})

test('tools of others accept the new line, and a bundle without the old head, or with another, is refused', {
  timeout: 120_000,
}, async () => {
  await using keep = await place.open(witness)
  const files = await exported(keep)
  expect(opensslOn(join(place.dir, 'openssl'), files)).toBe(0)
  if (hasGo) {
    const { status, output } = goOn(join(place.dir, 'go'), files)
    expect(output).toContain('the entries are those of the checkpoint')
    expect(status, output).toBe(0)
  }
  await verifyLedger(bundleOf(files))
  const without = new Map([...files].filter(([path]) => path !== 'previous/checkpoint'))
  const other = new Map([...files, ['previous/checkpoint', former.get('checkpoints/1') ?? files.get('checkpoint')!]])
  const silent = JSON.parse(`${Buffer.from(files.get('bundle.json')!)}`) as Record<string, unknown>
  delete silent.previous
  const unsaid = new Map([...without, ['bundle.json', Buffer.from(`${JSON.stringify(silent, null, 1)}\n`)]])
  for (const bundle of [without, other, unsaid]) {
    expect(await codeOf(verifyLedger(bundleOf(bundle)))).toBe('ERR_PROOF_INVALID')
  }
})

test('set back once more, before or behind the acceptance, it is refused again, and accepted into a line of its own', {
  timeout: 240_000,
}, async () => {
  await place.copyTo('accepted')
  const givenUp = await place.use(witness, 'lost the second time').then(() => lastSeen())
  // `new` is all that line 1 ever was, and has nothing of line 2.
  for (const copy of ['old', 'new', 'accepted']) {
    await place.setBackTo(copy)
    expect(await codeOf(place.open(witness)), copy).toBe('ERR_STORE_ROLLED_BACK')
  }
  await place.setBackTo('new')
  // The key store knows of line 2: without a witness as well.
  expect(await codeOf(place.open())).toBe('ERR_STORE_ROLLED_BACK')
  const again = await accept()
  expect(again).toMatchObject({ line: 3, givenUp: { origin: givenUp.origin, size: givenUp.size } })
  const id = await place.use(witness, 'in the third line')
  await using keep = await place.open(witness)
  expect((await place.memory(keep).get(id))?.content).toBe('in the third line')
  expect((await place.audit(keep).checkpoint())!.line).toBe(3)
})

test('a line that a database administrator says was begun is refused: nobody but the log signs its head', {
  timeout: 120_000,
}, async () => {
  await place.copyTo('third')
  await query('update memkeep.log_line set line = 4')
  await query(
    'insert into memkeep.log (tenant, line, size, vkey, signed_ms, note) select tenant, 4, size, vkey, signed_ms, note from memkeep.log l where line = 3',
  )
  expect((await errorOf(place.open(witness))).code).toBe('ERR_STORE_UNSAFE')
  await place.setBackTo('third')
})

test('a witness over HTTP is told the new key, and its head is brought by hand', { timeout: 180_000 }, async () => {
  let vkey = ''
  {
    await using keep = await place.open(witness)
    vkey = await keep.logKey()
  }
  const file = join(place.dir, 'heads.json')
  const former = await witnessAt(file, [vkey])
  await place.use(former.witness, 'seen over HTTP')
  const { checkpoint } = await latestNote()
  await place.setBackTo('third')
  expect(await codeOf(accept({ witness: former.witness }))).toBe('ERR_INPUT_INVALID')
  const { size } = readHead(checkpoint)
  // The database's own newest head, signed too: what was seen beyond it would be given up without a word.
  const older = (await latestNote()).checkpoint
  const cheap = accept({ witness: former.witness, head: older, confirm: readHead(older).size })
  expect(await codeOf(cheap)).toBe('ERR_INPUT_INVALID')
  const { key, witnessed } = await accept({ witness: former.witness, head: checkpoint, confirm: size })
  expect(witnessed).toBe(false)
  expect(await codeOf(place.open(former.witness))).toBe('ERR_STORE_UNSAFE')
  await former.close()
  const told = await witnessAt(file, [vkey, key])
  await using keep = await place.open(told.witness)
  await keep.close()
  // Set back behind the acceptance: the former line's last head is still the one that it saw there, and not the newest that it saw.
  await place.setBackTo('third')
  expect(await codeOf(accept({ witness: told.witness, head: checkpoint, confirm: size }))).toBe('ERR_PROOF_INVALID')
  await told.close()
  const heads = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { size: number }>
  expect(Object.keys(heads)).toHaveLength(2)
})

/** The newest head of the deployment's log, as the database has it: what whoever keeps heads elsewhere would have. */
async function latestNote(): Promise<{ checkpoint: string }> {
  const [row] = await query<{ checkpoint: string }>(
    `select l.note as checkpoint from memkeep.log l join memkeep.log_entry e on e.tenant = l.tenant and e.line = l.line
     where l.line = 3 and e.seq = 0 and e.event is null and l.tenant not in (select tenant from memkeep.event) limit 1`,
  )
  return row!
}

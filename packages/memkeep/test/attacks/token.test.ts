import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Claims, tokenLifetimeMs, tokenWindow } from '../../src/store/token.ts'
import { AttackedKeep, attempt, claims, foreign, marker, own, subject, tag } from './attacked-keep.ts'

let keep: AttackedKeep
/** The same database with one check of open_token() taken out. */
let torn: AttackedKeep

beforeAll(async () => {
  keep = await AttackedKeep.start()
  torn = await AttackedKeep.start()
})
afterAll(() => Promise.all([keep.stop(), torn.stop()]))

const macCheck = /sha256\(key\.ipad \|\| sha256\(key\.opad[\s\S]*?\s+or substring/
const recallText = `select encode(content, 'escape') from memkeep.recall($1, $2, 'memory.list', array[$3::bytea],
  array[0::bigint], false, array(select gen_random_uuid()) || $4::uuid[],
  array[$3::bytea], 'd') where part = 2`

/** Reads every memory of a shelf by its ids (which the attacker is supposed to know). */
async function steal(from: AttackedKeep, token: Buffer | null, tenant = foreign): Promise<string | string[]> {
  const ids = await from.database.query<{ id: string }>('select id from memkeep.memory where tenant = $1', [foreign])
  return attempt(from.app, recallText, [tenant, token, subject, ids.map((row) => row.id)])
}

const secrets = [0, 1, 2].map((label) => marker(foreign, subject, label))
const events = async (of: AttackedKeep) =>
  Number((await of.database.query<{ n: string }>('select count(*) as n from memkeep.event'))[0]!.n)

/** Runs the attack where the wall is missing, and puts the wall back. */
async function withoutWall<T>(wall: string | RegExp, hole: string, work: () => Promise<T>): Promise<T> {
  await torn.tearDown('open_token', wall, hole)
  try {
    return await work()
  } finally {
    const source = await keep.database.query<{ text: string }>(
      "select pg_get_functiondef('memkeep.open_token'::regproc) as text",
    )
    await torn.database.query(source[0]!.text)
  }
}

const otherKey = { id: tokenWindow(Date.now()), key: randomBytes(32) }
const forged = (of: AttackedKeep) => of.token('recall', claims({ tenant: foreign }), { key: otherKey })

test('an authentic token reads the shelf: the attacks below fail for their own reason', async () => {
  expect(await steal(keep, keep.token('recall', claims({ tenant: foreign })))).toEqual(secrets)
})

test('a token under another key', async () => {
  expect(await withoutWall(macCheck, 'substring', () => steal(torn, forged(torn)))).toEqual(secrets)
  expect(await steal(torn, forged(torn))).toBe('MK001')
  expect(await steal(keep, forged(keep))).toBe('MK001')
})

test('no token, an empty one, garbage, a ticket for a token', async () => {
  expect(await steal(keep, null)).toBe('MK001')
  for (const size of [0, 1, 32, 105, 137, 138, 143, 144, 1000, 100_000]) {
    expect(await steal(keep, Buffer.alloc(size)), `zeros: ${size}`).toBe('MK001')
    expect(await steal(keep, Buffer.concat([Buffer.of(2), randomBytes(size)])), `noise: ${size}`).toBe('MK001')
  }
})

test('every truncation and every longer one', async () => {
  const token = keep.token('recall', claims({ tenant: foreign }))
  const before = await events(keep)
  for (let size = 0; size < token.length; size++) {
    expect(await steal(keep, token.subarray(0, size)), `${size} bytes`).toMatch(/^MK00[13]$/)
  }
  expect(await steal(keep, Buffer.concat([token, Buffer.of(0)]))).toBe('MK001')
  expect(await steal(keep, Buffer.concat([Buffer.of(1), token]))).toMatch(/^MK00[13]$/)
  expect(await events(keep)).toBe(before)
})

test('every single-bit flip', async () => {
  const token = keep.token('recall', claims({ tenant: foreign }))
  const flipped = (bit: number) => {
    const copy = Buffer.from(token)
    copy[bit >> 3]! ^= 1 << (bit & 7)
    return copy
  }
  const before = await events(keep)
  for (let bit = 0; bit < token.length * 8; bit++) {
    expect(await steal(keep, flipped(bit)), `bit ${bit}`).toMatch(/^MK00[13]$/)
  }
  expect(await events(keep)).toBe(before)
  expect(await steal(keep, token)).toEqual(secrets)
})

test('a flipped clearance bit, with the code not checked, opens what the policy closed', async () => {
  const low = (of: AttackedKeep) => {
    const token = of.token('recall', claims({ tenant: foreign, clearance: 0b001 }))
    token[46] = 0b111
    return token
  }
  expect(await withoutWall(macCheck, 'substring', () => steal(torn, low(torn)))).toEqual(secrets)
  expect(await steal(keep, low(keep))).toBe('MK001')
})

test('a code that fits no token: SHA-256 of the payload, a truncated code, HMAC under the pads', async () => {
  const payload = forged(keep).subarray(0, -32)
  for (const code of [
    createHmac('sha256', '').update(payload).digest(),
    createHmac('sha256', Buffer.alloc(64)).update(payload).digest(),
    Buffer.alloc(32),
  ]) {
    expect(await steal(keep, Buffer.concat([payload, code]))).toBe('MK001')
  }
})

describe('a token for another tenant than the plain argument', () => {
  const tenantCheck = 'or substring(payload from 6 for 16) is distinct from p_tenant'
  const mismatch = (of: AttackedKeep) => of.token('recall', claims({ tenant: own }))
  test('own token, foreign argument', async () => {
    // Without the comparison the claims returned are those of the argument; the row wall behind still reads the token.
    const answer = await withoutWall(tenantCheck, '', async () => {
      await torn.tearDownRowWall()
      return steal(torn, mismatch(torn))
    })
    for (const table of ['tenant', 'shelf', 'memory', 'memory_version', 'removal', 'request', 'event', 'pending']) {
      await torn.database.query(`alter table memkeep.${table} enable row level security`)
    }
    expect(answer).toEqual(secrets)
    expect(await steal(keep, mismatch(keep))).toBe('MK001')
  })
  test('foreign token, own argument; no argument', async () => {
    expect(await steal(keep, keep.token('recall', claims({ tenant: foreign })), own)).toBe('MK001')
    expect(await attempt(keep.app, recallText, [null, mismatch(keep), subject, []])).toBe('MK001')
  })
})

test('a token for another doorway', async () => {
  const misused = (of: AttackedKeep) => of.token('enter', claims({ tenant: foreign }))
  const doorwayCheck = "or substring(payload from 106) <> convert_to(p_doorway, 'UTF8')"
  expect(await withoutWall(doorwayCheck, '', () => steal(torn, misused(torn)))).toEqual(secrets)
  for (const doorway of ['enter', 'read', 'wide_recall', 'recal', 'recall_', 'RECALL', '']) {
    expect(await steal(keep, keep.token(doorway, claims({ tenant: foreign }))), doorway).toBe('MK001')
  }
})

test('an expired token, and one that would live too long', async () => {
  const expired = (of: AttackedKeep) =>
    of.token('recall', claims({ tenant: foreign }), { wallClockMs: Date.now() - tokenLifetimeMs - 1 })
  const lasting = (of: AttackedKeep) =>
    of.token('recall', claims({ tenant: foreign }), { wallClockMs: Date.now() + tokenLifetimeMs + 5_000 })
  expect(await withoutWall('lifetime_ms <= 0 or', '', () => steal(torn, expired(torn)))).toEqual(secrets)
  expect(await withoutWall(' or lifetime_ms > 60000', '', () => steal(torn, lasting(torn)))).toEqual(secrets)
  expect(await steal(keep, expired(keep))).toBe('MK002')
  expect(await steal(keep, lasting(keep))).toBe('MK002')
})

test('a token that expires while its transaction stays open', async () => {
  const token = keep.token('recall', claims({ tenant: foreign }), { wallClockMs: Date.now() - tokenLifetimeMs + 400 })
  await keep.app.query('begin')
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(await steal(keep, token)).toBe('MK002')
  await keep.app.query('rollback')
})

test('a key that is not installed, not yet good, or no longer good', async () => {
  const bounds = { 7001: [60_000, 120_000], 7002: [-120_000, -60_000] } as const
  for (const of of [keep, torn]) {
    for (const [id, [from, until]] of Object.entries(bounds)) {
      const window = { fromMs: Date.now() + from, untilMs: Date.now() + until }
      await of.installKey({ id: Number(id), key: otherKey.key }, window)
    }
  }
  const under = (of: AttackedKeep, id: number) =>
    of.token('recall', claims({ tenant: foreign }), { key: { id, key: otherKey.key } })
  const windowCheck = 'and k.from_ms <= now_ms and k.until_ms > now_ms'
  for (const id of [7001, 7002]) {
    expect(await withoutWall(windowCheck, '', () => steal(torn, under(torn, id)))).toEqual(secrets)
    expect(await steal(keep, under(keep, id))).toBe('MK003')
  }
  for (const id of [7003, -1, 0, 2 ** 31 - 1]) expect(await steal(keep, under(keep, id)), String(id)).toBe('MK003')
})

test('a token is good for one committed call: the second commits nothing', async () => {
  const stated: Partial<Claims> = { tenant: foreign, rights: 7 }
  const event = randomUUID()
  const forget = `select outcome from memkeep.forget($1, $2, $3, false, null, 'd')`
  const of = async (target: AttackedKeep) => {
    const rows = await target.database.query<{ id: string }>(
      'select id from memkeep.memory where tenant = $1 and subject = $2 order by sensitivity',
      [foreign, subject],
    )
    return rows.map((row) => row.id)
  }
  const replay = async (target: AttackedKeep) => {
    const token = target.token('forget', claims(stated), { event })
    const ids = await of(target)
    const first = await attempt(target.app, forget, [foreign, token, [ids[0]]])
    const second = await attempt(target.app, forget, [foreign, token, [ids[1]]])
    return { first, second, left: (await of(target)).length }
  }
  await torn.database.query('alter table memkeep.event drop constraint event_pkey')
  await torn.database.query('alter table memkeep.pending drop constraint pending_pkey')
  expect(await replay(torn)).toEqual({ first: ['ok'], second: ['ok'], left: 1 })
  expect(await replay(keep)).toEqual({ first: ['ok'], second: '23505', left: 2 })
})

test('a replayed read answers nothing', async () => {
  const token = keep.token('recall', claims({ tenant: foreign }))
  expect(await steal(keep, token)).toHaveLength(2)
  expect(await steal(keep, token)).toBe('23505')
})

test('the same event id serves two tenants: no neighbour can use up an id', async () => {
  const event = randomUUID()
  for (const tenant of [own, foreign]) {
    const token = keep.token('enter', claims({ tenant }), { event })
    expect(await attempt(keep.app, "select outcome from memkeep.enter($1, $2, 'd')", [tenant, token])).toEqual(['ok'])
  }
})

test('an isolation level whose snapshot could miss a bar', async () => {
  for (const level of ['repeatable read', 'serializable']) {
    const under = async (of: AttackedKeep) => {
      await of.app.query(`begin isolation level ${level}`)
      const answer = await steal(of, of.token('recall', claims({ tenant: foreign })))
      await of.app.query('rollback')
      return answer
    }
    const check = "current_setting('transaction_isolation') <> 'read committed'"
    expect(await withoutWall(check, 'false', () => under(torn))).toContain(secrets[2])
    expect(await under(keep)).toBe('MK004')
  }
})

test('a commit that does not wait for the disk: what was answered could be lost', async () => {
  const under = async (of: AttackedKeep, level: string) => {
    await of.app.query(`begin; set local synchronous_commit = ${level}`)
    const answer = await steal(of, of.token('recall', claims({ tenant: foreign })))
    await of.app.query('rollback')
    return answer
  }
  const check = " or current_setting('synchronous_commit') = 'off'"
  expect(await withoutWall(check, '', () => under(torn, 'off'))).toContain(secrets[2])
  expect(await under(keep, 'off')).toBe('MK004')
  for (const level of ['on', 'local']) expect(await under(keep, level), level).toContain(secrets[2])
})

test('a barred principal tag, an unknown reach: nothing but the three reaches reads', async () => {
  for (const reach of [3, 7, 255]) {
    const payload = keep.token('recall', claims({ tenant: foreign, principal: tag('other') })).subarray(0, -32)
    payload[21] = reach
    const code = createHmac('sha256', keep.key.key).update(payload).digest()
    expect(await steal(keep, Buffer.concat([payload, code])), `reach ${reach}`).not.toEqual(
      expect.arrayContaining(secrets),
    )
  }
})

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  AttackedKeep,
  allRights,
  attempt,
  claims,
  commonShelf,
  foreign,
  neighbour,
  own,
  subject,
  tag,
} from './attacked-keep.ts'
import { hexLiteral, inject, plantInjections } from './injection.ts'

let keep: AttackedKeep
/** The same database with one wall taken out. */
let torn: AttackedKeep
beforeAll(async () => {
  keep = await AttackedKeep.start()
  torn = await AttackedKeep.start()
  await Promise.all([plantInjections(keep), plantInjections(torn)])
})
afterAll(() => Promise.all([keep?.stop(), torn?.stop()]))

const hour = 3_600_000
const eve = tag('principal')
const mallory = tag('principal: mallory')
const bytes = Buffer.from('x')

async function request(of: AttackedKeep, over: object = {}, second = false, expiresMs = Date.now() + hour) {
  const id = randomUUID()
  const stated = claims(over)
  const token = of.token('request_support', stated)
  const text = 'select * from memkeep.request_support($1, $2, $3, $4, $5, $6, $7)'
  const answer = await attempt(of.app, text, [stated.tenant, token, id, bytes, expiresMs, second, bytes])
  return { id, answer }
}

/** What a reading brings: what stands in the sealed columns. */
async function read(
  of: AttackedKeep,
  grant: string,
  over: object = {},
  { token = undefined as Buffer | undefined, tenant = own, second = false } = {},
) {
  const stated = claims({ tenant, ...over })
  const doorway = stated.reach === 'all' ? 'wide_support_read' : 'support_read'
  const text = `select coalesce(encode(content, 'escape'), outcome) from memkeep.${doorway}($1, $2, $3, $4, null, null, 100, $5)`
  return attempt(of.app, text, [tenant, token ?? of.token(doorway, stated), grant, second, bytes])
}

const all = ['ok', 'own/subject/0', 'own/subject/1', 'own/subject/2']

describe('a reading under support access', () => {
  test('brings its subject and nothing else; of the whole tenant, every subject', async () => {
    const { id, answer } = await request(keep)
    expect(answer).toEqual(['ok'])
    expect(await read(keep, id)).toEqual(all)
    const wide = await request(keep, { reach: 'all', shelf: commonShelf })
    const found = await read(keep, wide.id, { reach: 'all', shelf: commonShelf })
    expect([found.length, found.includes('own/neighbour/2'), String(found).includes('foreign')]).toEqual([
      10,
      true,
      false,
    ])
  })

  test.each<[string, string, object, object]>([
    ['of another principal', 'g.principal = c.principal', {}, { principal: mallory }],
    ['of another subject', 'and g.subject = c.shelf', {}, { shelf: neighbour }],
    ['without the right', 'c.rights & 2097152 = 0 or', {}, { rights: allRights & ~2097152 }],
  ])('brings nothing %s, and would without the look at it', async (_, wall, asked, reading) => {
    const { id } = await request(keep, asked)
    expect(await read(keep, id, reading)).toEqual(['denied'])
    await torn.tearDown('admit_support', wall, wall.endsWith('or') ? '' : wall.startsWith('and') ? '' : 'true')
    // The row wall shows the access to the right alone: for this attack it is down as well.
    await torn.database.query('alter table memkeep.support disable row level security')
    const { id: other } = await request(torn, asked)
    expect((await read(torn, other, reading))[0]).toBe('ok')
    await torn.tearDown('admit_support', '-- Whether a call', '-- As installed: whether a call')
    await torn.database.query('alter table memkeep.support enable row level security')
  })

  test('brings nothing by one of another tenant, nor with a token of another', async () => {
    const { id } = await request(keep, { tenant: foreign })
    expect(await read(keep, id)).toEqual(['denied'])
    const { id: its } = await request(keep)
    expect(await read(keep, its, {}, { tenant: foreign })).toEqual(['denied'])
    expect(await read(keep, its, {}, { tenant: foreign, token: keep.token('support_read', claims()) })).toBe('MK001')
  })

  test('brings nothing a second time with the same token', async () => {
    const { id } = await request(keep)
    const token = keep.token('support_read', claims())
    expect(await read(keep, id, {}, { token })).toEqual(all)
    expect(await read(keep, id, {}, { token })).toBe('23505')
    const [row] = await keep.database.query(
      "select count(*)::int as n from memkeep.event where action = 'support.read' and outcome = 'ok' and reach = 1 and cardinality(memories) = 3",
    )
    expect(row).toMatchObject({ n: 2 })
  })

  test('brings nothing of one that waits, and one does not agree to oneself', async () => {
    const { id } = await request(keep, {}, true)
    const approve = async (principal: Buffer, over = {}) =>
      attempt(keep.app, 'select * from memkeep.approve_support($1, $2, $3, $4, $5)', [
        own,
        keep.token('approve_support', claims({ principal, ...over })),
        id,
        bytes,
        bytes,
      ])
    expect(await read(keep, id)).toEqual(['denied'])
    expect(await approve(eve)).toEqual(['denied'])
    expect(await approve(mallory, { rights: allRights & ~2097152 })).toEqual(['denied'])
    expect(await read(keep, id)).toEqual(['denied'])
    expect(await approve(mallory)).toEqual(['ok'])
    expect(await approve(tag('a third'))).toEqual(['conflict'])
    expect(await read(keep, id)).toEqual(all)
  })

  test.each<[string, number]>([
    ['for two days', Date.now() + 48 * hour],
    ['that has ended', Date.now() - 1],
  ])('cannot be asked for %s', async (_, expiresMs) => {
    expect((await request(keep, {}, false, expiresMs)).answer).toEqual(['denied'])
  })
})

describe('SQL injected beside a token', () => {
  const insert = `insert into memkeep.support (tenant, subject, id, principal, stated, second, requested_ms, expires_ms)
    values (${hexLiteral(own)}, ${hexLiteral(subject)}, '${randomUUID()}', ${hexLiteral(eve)}, '', false, 0, 1) returning 'done'`
  const answers = `select encode(answer, 'escape') from memkeep.answer`

  test('makes no access, and agrees to none', async () => {
    expect(await inject(keep, { as: 'memkeep_door', stated: claims(), sql: insert })).toBe('42501')
    const agree = "update memkeep.support set approved_ms = 1 returning 'done'"
    expect(await inject(keep, { as: 'memkeep_door', stated: claims(), sql: agree })).toBe('42501')
  })

  test('reads no kept answer: they show in their own doorways, to their principal alone', async () => {
    const claim = async (of: AttackedKeep, over: object) => {
      const stated = claims(over)
      const token = of.token('claim_answer', stated)
      const values = [stated.tenant, token, tag('key'), tag('digest'), Date.now() + hour, bytes]
      return attempt(of.app, 'select outcome from memkeep.claim_answer($1, $2, $3, $4, $5, $6)', values)
    }
    for (const of of [keep, torn]) {
      expect(await claim(of, {})).toEqual(['ok'])
      expect(await claim(of, {})).toEqual(['conflict'])
      expect(await claim(of, { principal: mallory })).toEqual(['ok'])
      await of.database.query("update memkeep.answer set answer = 'an answer' where principal = $1", [eve])
      expect(await claim(of, {})).toEqual(['replayed'])
    }
    await torn.database.query('alter table memkeep.answer disable row level security')
    expect(await inject(torn, { as: 'memkeep_door', stated: claims(), sql: answers })).toContain('an answer')
    expect(await inject(keep, { as: 'memkeep_door', stated: claims(), sql: answers })).toEqual([])
  })
})

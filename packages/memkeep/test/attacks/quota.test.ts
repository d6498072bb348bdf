import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  AttackedKeep,
  allRights,
  attempt,
  claims,
  foreign,
  neighbour,
  own,
  rememberText,
  subject,
  tag,
} from './attacked-keep.ts'
import { doorRoles, hexLiteral, inject, plantInjections } from './injection.ts'

// What a tenant holds is summed over shelves that the asking subject may not see.
let keep: AttackedKeep
/** The same with row security off on the shelves. */
let open: AttackedKeep
/** The same where the shelves are shown to any token of the tenant, whichever doorway it is for. */
let loose: AttackedKeep

beforeAll(async () => {
  ;[keep, open, loose] = await Promise.all([AttackedKeep.start(), AttackedKeep.start(), AttackedKeep.start()])
  for (const each of [keep, open, loose]) await plantInjections(each)
  await open.database.query('alter table memkeep.shelf disable row level security')
  await loose.database.query('alter policy count on memkeep.shelf using (tenant = memkeep.claim_tenant())')
})
afterAll(() => Promise.all([keep?.stop(), open?.stop(), loose?.stop()]))

/** A subject's powers, all of them, but for those of upkeep, whose own sight of shelves is another matter. */
const powers = claims({ rights: allRights & ~16384 })
const counters = (tenant: Buffer, whose: Buffer) =>
  `select memories::text from memkeep.shelf where tenant = ${hexLiteral(tenant)} and subject = ${hexLiteral(whose)}`

test('SQL injected into a doorway counts no other subject and no other tenant, whoever owns it', async () => {
  for (const as of doorRoles) {
    for (const sql of [counters(own, neighbour), counters(foreign, subject), counters(foreign, neighbour)]) {
      expect(await inject(open, { as, stated: powers, sql })).toEqual(['3'])
      expect(await inject(keep, { as, stated: powers, sql })).toEqual([])
    }
  }
  const sql = counters(own, neighbour)
  expect(await inject(loose, { as: 'memkeep_upkeep_door', stated: powers, sql })).toEqual(['3'])
})

test('the sum is not the application’s to ask for, and outside a growing write it is of nothing', async () => {
  const ask = (tenant: Buffer) => `select memkeep.exceeds_quota(${hexLiteral(tenant)}, 8, null)::text`
  expect(await attempt(keep.app, ask(own))).toBe('42501')
  for (const tenant of [own, foreign]) {
    expect(await inject(open, { stated: powers, sql: ask(tenant) })).toEqual(['true'])
    expect(await inject(keep, { stated: powers, sql: ask(tenant) })).toEqual(['false'])
    for (const as of ['memkeep_wide_door', 'memkeep_upkeep_door'] as const) {
      if (as === 'memkeep_wide_door') expect(await inject(keep, { as, stated: powers, sql: ask(tenant) })).toBe('42501')
      else expect(await inject(keep, { as, stated: powers, sql: ask(tenant) })).toEqual(['false'])
    }
  }
  expect(await inject(loose, { stated: powers, sql: ask(own) })).toEqual(['true'])
  expect(await inject(loose, { stated: powers, sql: ask(foreign) })).toEqual(['false'])
})

/** `remember` of one memory under a quota of the attacker's own choosing. */
function remember(of: AttackedKeep, most: number): Promise<string | string[]> {
  const bytes = [Buffer.from('x')]
  const labels = [[0], [1], [1], ['fact'], [1], [null], ['{}']]
  const text = rememberText.replace('$19)', '$19, $20, $21)')
  const sealed = [bytes, bytes, bytes, null, tag('digest'), null, null, Buffer.from('detail')]
  return attempt(of.app, text, [
    own,
    of.token('remember', powers),
    null,
    [randomUUID()],
    ...labels,
    ...sealed,
    most,
    null,
  ])
}

test('what other tenants hold moves no outcome, be the sum over all or not', async () => {
  const unbound = await AttackedKeep.start()
  await unbound.tearDown('exceeds_quota', ' where s.tenant = p_tenant', '')
  // Nine memories are the tenant's own, and nine another's.
  expect(await remember(unbound, 9)).toEqual(['quota'])
  expect(await remember(unbound, 10)).toEqual(['ok'])
  await unbound.database.query('alter table memkeep.shelf disable row level security')
  expect(await remember(unbound, 11)).toEqual(['quota'])
  expect(await remember(unbound, 19)).toEqual(['quota'])
  expect(await remember(unbound, 20)).toEqual(['ok'])
  await unbound.stop()
  expect(await remember(keep, 9)).toEqual(['quota'])
  expect(await remember(keep, 10)).toEqual(['ok'])
})

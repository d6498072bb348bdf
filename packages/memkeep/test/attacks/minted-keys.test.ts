import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AttackedKeep, attempt, claims, commonShelf, foreign, neighbour, own, subject, tag } from './attacked-keep.ts'
import { hexLiteral, inject, plantInjections } from './injection.ts'

let keep: AttackedKeep
beforeAll(async () => {
  keep = await AttackedKeep.start()
  await plantInjections(keep)
})
afterAll(() => keep?.stop())

const text = 'select * from memkeep.mint_key($1, $2, $3, $4, $5, $6, $7, $8)'
const hour = 3_600_000

async function mint(over: object, whom: Buffer, expiresMs: number | null = Date.now() + hour, tenant = own) {
  const token = keep.token('mint_key', claims({ tenant, ...over }))
  const values = [tenant, token, tag(randomUUID()), randomUUID(), whom, Buffer.from('x'), expiresMs, Buffer.from('d')]
  return attempt(keep.app, text, values)
}
const ofSubject = { reach: 'subject', shelf: subject } as const
const ofTenant = { reach: 'common', shelf: commonShelf } as const

describe('a doorway that records keys', () => {
  test('takes them from who may mint, for whom that principal may', async () => {
    expect(await mint(ofSubject, subject)).toEqual(['ok'])
    expect(await mint(ofTenant, neighbour)).toEqual(['ok'])
    expect(await mint(ofTenant, commonShelf)).toEqual(['ok'])
  })

  test.each<[string, object, Buffer, number | null | undefined]>([
    ['without the right', { ...ofTenant, rights: 0xfffff & ~2048 }, subject, undefined],
    ['for another subject than its own', ofSubject, neighbour, undefined],
    ['for the tenant by a subject', ofSubject, commonShelf, undefined],
    ['that never ends', ofTenant, subject, null],
    ['that ends in two days', ofTenant, subject, Date.now() + 48 * hour],
    ['that has ended', ofTenant, subject, Date.now() - hour],
  ])('takes none %s', async (_, over, whom, expiresMs) => {
    expect(await mint(over, whom, ...(expiresMs === undefined ? [] : [expiresMs]))).toEqual(['denied'])
  })

  test('takes none into another tenant: the token is for one', async () => {
    const token = keep.token('mint_key', claims(ofTenant))
    const values = [
      foreign,
      token,
      tag('a'),
      randomUUID(),
      commonShelf,
      Buffer.from('x'),
      Date.now() + hour,
      Buffer.from('d'),
    ]
    expect(await attempt(keep.app, text, values)).toBe('MK001')
  })
})

describe('SQL injected beside a token of `mint`', () => {
  const insert = (tenant: Buffer) =>
    `insert into memkeep.api_key (lookup, tenant, id, claims, created_ms) values (${hexLiteral(tag(randomUUID()))},
      ${hexLiteral(tenant)}, '${randomUUID()}', ''::bytea, 0) returning 'done'`
  const attack = (tenant: Buffer) => ({ as: 'memkeep_door' as const, stated: claims(ofTenant), sql: insert(tenant) })

  test('records no key of another tenant, which it does with the row wall down', async () => {
    expect(await inject(keep, attack(foreign))).toBe('42501')
    await keep.database.query('alter table memkeep.api_key disable row level security')
    const without = await inject(keep, attack(foreign))
    await keep.database.query('alter table memkeep.api_key enable row level security')
    expect(without).toEqual(['done'])
  })
})

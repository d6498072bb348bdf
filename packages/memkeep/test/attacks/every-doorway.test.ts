import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { grantOnlyRights, type Right, rightBits, rightsMask } from '../../src/core/rights.ts'
import { doorwaysOf } from '../../src/store/schema.ts'
import { type Claims, hmacPads } from '../../src/store/token.ts'
import { AttackedKeep, allRights, claims, commonShelf, foreign, own, subject } from './attacked-keep.ts'
import { callDoorway, signaturesOf } from './doorway-call.ts'
import { type DoorwayRow, doorwayRows, withoutToken } from './doorway-rows.ts'

// Every doorway, each by the same attacks: a token that nobody minted, one for another doorway, one of another tenant, and an authentic one
// that lacks the right. A doorway without a row here turns it red.

let keep: AttackedKeep
/** Where a token is not compared with its code, its doorway and its tenant. */
let torn: AttackedKeep
const upkeepOf = new Map<AttackedKeep, pg.Client>()
let signatures: Awaited<ReturnType<typeof signaturesOf>>

beforeAll(async () => {
  keep = await AttackedKeep.start()
  torn = await AttackedKeep.start()
  await torn.tearDown('open_token', /if sha256\(key\.ipad[\s\S]+?is distinct from p_tenant then/, 'if false then')
  for (const each of [keep, torn]) upkeepOf.set(each, await each.connect(each.database.upkeep))
  signatures = await signaturesOf(keep)
})
afterAll(() => Promise.all([keep?.stop(), torn?.stop()]))

const everyDoorway = [...new Set([...doorwaysOf('memkeep_app'), ...doorwaysOf('memkeep_upkeep')])].sort()
const isApps = (doorway: string) => doorwaysOf('memkeep_app').includes(doorway)

/** The outcome that the doorway answers, or the SQLSTATE that it ends with; what it did is rolled back. */
async function outcomeOf(of: AttackedKeep, doorway: string, tenant: Buffer, token: Buffer): Promise<string> {
  const client = isApps(doorway) ? of.app : upkeepOf.get(of)!
  await client.query('begin')
  try {
    const answer = await callDoorway(client, signatures, doorway, [tenant, token], doorwayRows[doorway]?.with)
    return typeof answer === 'string' ? answer : (answer.find(({ outcome }) => outcome !== null)?.outcome ?? 'nothing')
  } finally {
    await client.query('rollback')
  }
}

/** Whatever a principal of a tenant can hold. */
const everyRight = allRights & ~rightsMask(grantOnlyRights)
const held = (doorway: string, rights: number): Claims => {
  const { reach = 'subject' } = doorwayRows[doorway]!
  return claims({ reach, rights, shelf: reach === 'all' ? commonShelf : subject })
}
const ask = (of: AttackedKeep, doorway: string, rights: number) =>
  outcomeOf(of, doorway, own, of.token(doorway, held(doorway, rights)))

test('every doorway stands here, and nothing that is none', () => {
  expect([...Object.keys(doorwayRows), ...withoutToken].sort()).toEqual(everyDoorway)
})

describe.each(Object.keys(doorwayRows))('%s', (doorway) => {
  test('opens to no token but its own', async () => {
    const stated = held(doorway, allRights)
    const forged = { key: { id: keep.key.id, key: randomBytes(32) } }
    for (const [of, opens] of [
      [torn, true],
      [keep, false],
    ] as const) {
      const attacks = [
        [own, of.token(doorway, stated, forged)],
        [own, of.token(doorway === 'enter' ? 'read' : 'enter', stated)],
        [foreign, of.token(doorway, stated)],
      ] as const
      for (const [tenant, token] of attacks) {
        const outcome = await outcomeOf(of, doorway, tenant, token)
        if (opens) expect(outcome).not.toMatch(/^MK/)
        else expect(outcome).toBe('MK001')
      }
    }
  })

  test('does what its right allows, and nothing without it', async () => {
    const { needs: ways } = doorwayRows[doorway]!
    for (const way of ways) expect(await ask(keep, doorway, rightsMask(way))).not.toMatch(/^(denied|MK.*)$/)
    // From every way one right is missing.
    for (const lacking of oneOfEach(ways)) {
      const others = (everyRight | rightsMask(ways.flat())) & ~rightsMask(lacking)
      expect(await ask(keep, doorway, others), lacking.join()).toBe('denied')
    }
    if (ways.length === 0) expect(await ask(keep, doorway, allRights)).toBe('denied')
  })
})

/** Every choice of one right from each way; none where a way needs no right. */
function oneOfEach(ways: DoorwayRow['needs']): Right[][] {
  if (ways.length === 0) return []
  return ways.reduce<Right[][]>(
    (chosen, way) => chosen.flatMap((before) => way.map((right) => [...before, right])),
    [[]],
  )
}

test('the rights named here are rights', () => {
  const named = Object.values(doorwayRows).flatMap(({ needs: ways }) => ways.flat())
  expect(named.filter((right) => rightBits[right] === undefined)).toEqual([])
})

describe('the keys of tokens', () => {
  test('are brought and dropped by upkeep’s login alone', async () => {
    const calls = ['select memkeep.forget_token_keys()', "select memkeep.install_token_key(1, '', '', 1, 2)"]
    for (const call of calls) await expect(keep.app.query(call)).rejects.toMatchObject({ code: '42501' })
  })

  // SECURITY.md says so: no key stands above these, so the login that brings them is trusted with them.
  test('with both logins somebody makes tokens of his own, and gets rows as they are sealed; with upkeep’s, none', async () => {
    const key = { id: 7, key: randomBytes(32) }
    const { ipad, opad } = hmacPads(key.key)
    const upkeepLogin = upkeepOf.get(keep)!
    const bring = 'select memkeep.install_token_key($1, $2, $3, $4, $5)'
    await upkeepLogin.query(bring, [key.id, ipad, opad, Date.now() - 1000, Date.now() + 60_000])
    const token = () => keep.token('load', held('load', rightBits.read), { key })
    expect(await outcomeOf(keep, 'load', own, token())).toBe('ok')
    const { with: given } = doorwayRows.load!
    expect(await callDoorway(upkeepLogin, signatures, 'load', [own, token()], given)).toBe('42501')
  })

  test('dropped, no token opens anything until others are brought', async () => {
    expect(await ask(keep, 'read', allRights)).toBe('missing')
    await upkeepOf.get(keep)!.query('select memkeep.forget_token_keys()')
    expect(await ask(keep, 'read', allRights)).toBe('MK003')
  })
})

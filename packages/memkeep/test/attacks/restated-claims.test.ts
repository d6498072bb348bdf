import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AttackedKeep, attempt, claims, commonShelf, marker, own, subject } from './attacked-keep.ts'
import { hexLiteral, plantInjections } from './injection.ts'

// A doorway takes its claims away when it ends. The attacker puts them into the setting again and calls a doorway of ours
// that forgot to open a token, in the hope that the ticket of the earlier call still stands in the registers.

let keep: AttackedKeep
/** Where a ticket does not name the transaction; the statement; where no random number stands beside the claims. */
let anyTransaction: AttackedKeep
let anyStatement: AttackedKeep
let guessable: AttackedKeep

beforeAll(async () => {
  keep = await AttackedKeep.start()
  anyTransaction = await AttackedKeep.start()
  anyStatement = await AttackedKeep.start()
  guessable = await AttackedKeep.start()
  await Promise.all([keep, anyTransaction, anyStatement, guessable].map(plantInjections))
  await anyTransaction.tearDown('open_token', 'xid8send(pg_current_xact_id()) ||', '')
  await anyTransaction.tearDown('open_claims', 'xid8send(pg_current_xact_id_if_assigned()) ||', '')
  for (const guard of ['open_token', 'open_claims']) {
    await anyStatement.tearDown(guard, ' timestamptz_send(statement_timestamp()) ||', '')
  }
  await guessable.tearDown('open_token', ' || uuid_send(gen_random_uuid())', '')
})
afterAll(() => Promise.all([keep, anyTransaction, anyStatement, guessable].map((each) => each.stop())))

const ownRows = [commonShelf, subject].flatMap((shelf) => [0, 1, 2].map((label) => marker(own, shelf, label))).sort()
const memories = (answer: string | string[]) => [answer].flat().filter((row) => /^(own|foreign)\//.test(row))
const read = `select f from memkeep.forgetful_memkeep_door(null, null, null,
  $q$ select encode(content, 'escape') from memkeep.memory $q$, null) f`

describe('claims that an injection kept for later', () => {
  const call = (of: AttackedKeep) => `select null from memkeep.injected_memkeep_door(${hexLiteral(own)},
    ${hexLiteral(of.token('memkeep_door'))}, null,
    $q$ select set_config('memkeep.held', current_setting('memkeep.claims'), false) $q$, null)`
  const restate = "select null from set_config('memkeep.claims', current_setting('memkeep.held'), true)"

  test('in a later transaction of the same statement string', async () => {
    const attack = async (of: AttackedKeep) =>
      memories(await attempt(of.app, `begin; ${call(of)}; commit; begin; ${restate}; ${read}; commit`))
    expect(await attack(anyTransaction)).toEqual(ownRows)
    expect(await attack(anyStatement)).toEqual([])
    expect(await attack(keep)).toEqual([])
  })

  test('in a later statement of the same transaction', async () => {
    const attack = async (of: AttackedKeep) => {
      await of.app.query(`begin; ${call(of)}`)
      const answer = await attempt(of.app, `${restate}; ${read}`)
      await of.app.query('rollback')
      return memories(answer)
    }
    expect(await attack(anyStatement)).toEqual(ownRows)
    expect(await attack(anyTransaction)).toEqual([])
    expect(await attack(keep)).toEqual([])
  })
})

describe('claims that the caller knows from its token, in the same statement string', () => {
  /** The token is one for `enter`, which brings no memory. */
  const steps = (of: AttackedKeep, detail: string) => {
    const token = of.token('enter', claims())
    return {
      call: `memkeep.enter(${hexLiteral(own)}, ${hexLiteral(token)}, ${detail})`,
      restate: `select null from set_config('memkeep.claims', '${token.subarray(0, -32).toString('hex')}', true)`,
    }
  }

  test('after a call that ended well', async () => {
    const attack = async (of: AttackedKeep) => {
      const { call, restate } = steps(of, "'d'")
      return memories(await attempt(of.app, `begin; select null from ${call}; ${restate}; ${read}; commit`))
    }
    expect(await attack(guessable)).toEqual(ownRows)
    expect(await attack(keep)).toEqual([])
  })

  test('after a call that failed, caught', async () => {
    const attack = async (of: AttackedKeep) => {
      const { call, restate } = steps(of, 'null')
      const caught = `do $b$ begin perform ${call}; exception when not_null_violation then null; end $b$`
      return memories(await attempt(of.app, `begin; ${caught}; ${restate}; ${read}; commit`))
    }
    expect(await attack(guessable)).toEqual(ownRows)
    expect(await attack(keep)).toEqual([])
  })
})

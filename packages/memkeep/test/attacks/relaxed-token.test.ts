import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doorwayFiles, functionsOf } from '../../src/store/schema.ts'
import { mintToken, relaxableDoorways } from '../../src/store/token.ts'
import { AttackedKeep, attempt, claims, own, rememberText, tag } from './attacked-keep.ts'

let keep: AttackedKeep
/** The same database with one check of open_token() taken out. */
let torn: AttackedKeep

beforeAll(async () => {
  keep = await AttackedKeep.start()
  torn = await AttackedKeep.start()
})
afterAll(() => Promise.all([keep.stop(), torn.stop()]))

const relaxed = (of: AttackedKeep, doorway: string): Buffer =>
  mintToken(of.key, claims(), { doorway, event: crypto.randomUUID(), atMs: Date.now(), relaxed: true })

const level = async (of: AttackedKeep) => (await of.app.query('show synchronous_commit')).rows[0].synchronous_commit
const listText = `select outcome from memkeep.recall($1, $2, 'memory.list', '{}', '{}', false, '{}', '{}', 'd') where part = 0`

function remember(of: AttackedKeep, token: Buffer) {
  const bytes = [Buffer.from('content')]
  const row = [[crypto.randomUUID()], [0], [1], [0], ['fact'], [1], [null], ['{}'], bytes, bytes, bytes]
  const request = [tag(crypto.randomUUID()), tag('digest'), Buffer.from('r'), Date.now() + 3_600_000, Buffer.from('d')]
  return attempt(of.app, rememberText, [own, token, Buffer.from('name'), ...row, ...request])
}

/** A write, and how durably its transaction would commit. */
async function writeUnder(of: AttackedKeep, token: Buffer) {
  await of.app.query('begin')
  const answer = await remember(of, token)
  const under = answer === 'MK001' ? null : await level(of)
  await of.app.query('rollback')
  return { answer, under }
}

test('an authentic token of a write that says relaxed: refused, or it would commit without the disk', async () => {
  const wall =
    "p_doorway not in ('recall', 'wide_recall', 'read', 'wide_read', 'load', 'wide_load', 'load_shelves', 'list_shelves')"
  await torn.tearDown('open_token', wall, 'false')
  expect(await writeUnder(torn, relaxed(torn, 'remember'))).toEqual({ answer: ['ok'], under: 'off' })
  expect(await writeUnder(keep, relaxed(keep, 'remember'))).toEqual({ answer: 'MK001', under: null })
  expect(await writeUnder(keep, keep.token('remember'))).toEqual({ answer: ['ok'], under: 'on' })
})

test('no holder of a durable token makes it a relaxed one', async () => {
  const token = keep.token('recall')
  token[104]! |= 0x80
  expect(await attempt(keep.app, listText, [own, token])).toBe('MK001')
})

describe('what a relaxed read leaves behind', () => {
  test('no write in its transaction, whatever is rolled back between', async () => {
    for (const between of ['', 'rollback to before']) {
      await keep.app.query('begin; savepoint before')
      expect(await attempt(keep.app, listText, [own, relaxed(keep, 'recall')])).toEqual(['ok'])
      expect(await level(keep)).toBe('off')
      await keep.app.query(between)
      expect(await remember(keep, keep.token('remember'))).toBe('MK004')
      await keep.app.query('rollback')
    }
    const both = `select a.outcome from memkeep.enter($1, $3, 'd') e, memkeep.recall($1, $2, 'memory.list', '{}', '{}', false,
      '{}', '{}', 'd') a`
    expect(await attempt(keep.app, both, [own, relaxed(keep, 'recall'), keep.token('enter')])).toBe('MK004')
  })

  test('the session as it was', async () => {
    expect(await attempt(keep.app, listText, [own, relaxed(keep, 'recall')])).toEqual(['ok'])
    expect(await level(keep)).toBe('on')
    expect(await remember(keep, keep.token('remember'))).toEqual(['ok'])
  })
})

test('a session that does not wait for the disk is refused, with a relaxed token too', async () => {
  await keep.app.query('begin; set local synchronous_commit = off')
  expect(await attempt(keep.app, listText, [own, relaxed(keep, 'recall')])).toBe('MK004')
  await keep.app.query('rollback')
})

test('only what changes nothing but the ledger can be relaxed, and the database has the same list', () => {
  const writing = /\b(insert into|update|delete from|truncate|memkeep\.(bump_shelf|lock_shelf|remove|sweep))\b/
  const files = doorwayFiles().map((file) => ({ names: functionsOf(file), text: file.text.replaceAll(/--.*$/gm, '') }))
  const pure = files.filter(({ text }) => !writing.test(text)).flatMap(({ names }) => names)
  for (const name of relaxableDoorways) expect(pure).toContain(name)
  // The pattern finds writes where they are.
  for (const name of ['remember', 'revise', 'forget', 'sweep', 'create_key']) expect(pure).not.toContain(name)
})

/** What a login may call: one is the administrator's alone. */
const ofLogins = doorwayFiles().filter(({ callers }) =>
  callers.some((caller) => caller === 'memkeep_app' || caller === 'memkeep_upkeep'),
)

test.each(ofLogins.flatMap(functionsOf))('%s, relaxed', async (doorway) => {
  const [row] = await keep.database.query<{ places: string }>(
    `select string_agg(', null::' || t::regtype::text, '' order by n) as places from pg_proc p, unnest(p.proargtypes) with
     ordinality as a (t, n) where p.pronamespace = 'memkeep'::regnamespace and p.proname = $1 and n > 2`,
    [doorway],
  )
  // They take no token.
  if (doorway === 'install_token_key' || doorway === 'forget_token_keys') return
  const login = doorwayFiles()
    .find((file) => functionsOf(file).includes(doorway))!
    .callers.includes('memkeep_app')
  const client = login ? keep.app : await keep.connect(keep.database.upkeep)
  await client.query('begin')
  const answer = await attempt(client, `select * from memkeep.${doorway}($1, $2${row!.places ?? ''})`, [
    own,
    relaxed(keep, doorway),
  ])
  await client.query('rollback')
  if (relaxableDoorways.has(doorway)) expect(answer).not.toBe('MK001')
  else expect(answer).toBe('MK001')
})

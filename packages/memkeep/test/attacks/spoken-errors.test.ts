import { randomBytes, randomUUID } from 'node:crypto'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AttackedKeep, claims, commonShelf, own, rememberText, subject, tag } from './attacked-keep.ts'

let keep: AttackedKeep
/** Where row security is off: PostgreSQL then quotes whole rows and keys in its errors. */
let open: AttackedKeep

beforeAll(async () => {
  keep = await AttackedKeep.start()
  open = await AttackedKeep.start()
  await open.tearDownRowWall()
})
afterAll(() => Promise.all([keep.stop(), open.stop()]))

const secret = randomBytes(12)
const shapes = [secret.toString('hex'), secret.toString('base64'), secret.toString('latin1')]

interface Slips {
  readonly ids?: string[]
  readonly kind?: string
  readonly sensitivity?: number
  readonly trust?: number
  readonly name?: Buffer | null
  readonly content?: Buffer | null
}

/** What the server says, to the client and (the same fields, by its own settings) to its log, of a broken `remember`. */
async function complaint(of: AttackedKeep, slip: Slips): Promise<{ code: string; text: string }> {
  const values = [
    own,
    of.token('remember', claims()),
    slip.name ?? secret,
    slip.ids ?? [randomUUID()],
    [0],
    [slip.trust ?? 0],
    [slip.sensitivity ?? 0],
    [slip.kind ?? 'fact'],
    [1],
    [null],
    ['{}'],
    [slip.content === undefined ? secret : slip.content],
    [secret],
    [secret],
    tag('key'),
    secret,
    secret,
    Date.now(),
    secret,
  ]
  try {
    await of.app.query(rememberText, values)
    return { code: 'none', text: '' }
  } catch (error) {
    const said = error as pg.DatabaseError
    return { code: String(said.code), text: JSON.stringify({ ...said, message: said.message, stack: undefined }) }
  }
}

const hexOf = (tag: Buffer) => tag.toString('hex')
const quotes = (text: string) =>
  [...shapes, hexOf(own), hexOf(subject), hexOf(claims().principal)].filter((shape) => text.includes(shape))

test('a row that breaks a rule is not quoted', async () => {
  const id = randomUUID()
  const slips: [string, Slips][] = [
    ['23502', { content: null }],
    ['23505', { ids: [id] }],
  ]
  await complaint(keep, { ids: [id] })
  await complaint(open, { ids: [id] })
  for (const [code, slip] of slips) {
    const torn = await complaint(open, slip)
    expect(torn.code).toBe(code)
    expect(quotes(torn.text), JSON.stringify(slip)).not.toEqual([])
    const kept = await complaint(keep, slip)
    expect(['42501', code]).toContain(kept.code)
    expect(quotes(kept.text), JSON.stringify(slip)).toEqual([])
  }
})

test('a label that is refused is answered, not raised', async () => {
  for (const slip of [{ kind: `X${hexOf(secret)}` }, { sensitivity: 7 }, { trust: 7 }]) {
    expect(await complaint(keep, slip)).toEqual({ code: 'none', text: '' })
  }
})

test('a refused token, a replay and a refused write quote nothing', async () => {
  const said: string[] = []
  const ask = async (text: string, values: unknown[]) => {
    try {
      await keep.app.query(text, values)
    } catch (error) {
      said.push(JSON.stringify({ ...(error as object), message: (error as Error).message, stack: undefined }))
    }
  }
  const token = keep.token('enter')
  const enter = 'select * from memkeep.enter($1, $2, $3)'
  await ask(enter, [own, token, secret])
  await ask(enter, [own, token, secret])
  await ask(enter, [own, Buffer.concat([secret, token]), secret])
  await ask(enter, [tag('other'), keep.token('enter'), secret])
  await ask(enter, [own, keep.token('enter', claims(), { wallClockMs: 0 }), secret])
  await ask(enter, [own, keep.token('enter', claims({ reach: 'common', shelf: commonShelf })), null])
  expect(said).toHaveLength(5)
  for (const text of said) {
    expect(quotes(text)).toEqual([])
    expect(text).not.toContain(token.toString('hex'))
  }
})

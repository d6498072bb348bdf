import { randomInt, randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AttackedKeep, claims, commonShelf, rememberText, tag } from './attacked-keep.ts'

// A subject is barred while others register what they made of its memories, for everybody to read. Once the bar has committed, none of that
// can be read. MEMKEEP_SEED replays a run's timing, MEMKEEP_BARRIER_RUNS sets their number.
const seed = Number(process.env.MEMKEEP_SEED ?? randomInt(2 ** 31))
const runs = Number(process.env.MEMKEEP_BARRIER_RUNS ?? 60)
const writers = 4

let keep: AttackedKeep
/** Where what stands behind an artifact is only read, and not held. */
let naive: AttackedKeep

/** The barrier of an erasure, without the saga around it. */
const barText = `create function memkeep.bar_only(p_tenant bytea, p_token bytea) returns text
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $f$
  declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'bar_only');
  begin
    update memkeep.shelf s set state = 1 where s.tenant = p_tenant and s.subject = c.shelf;
    perform memkeep.hide_derived(c, c.shelf, c.event);
    perform memkeep.record(c, 'erasure.barred', 'ok', '{}', 0, 'd');
    return 'ok';
  end $f$`

beforeAll(async () => {
  ;[keep, naive] = await Promise.all([AttackedKeep.start(), AttackedKeep.start()])
  await naive.tearDown('contribute', 'order by s.subject for share', 'order by s.subject')
  for (const each of [keep, naive]) {
    await each.database.query(barText)
    await each.database.query('alter function memkeep.bar_only(bytea, bytea) owner to memkeep_erase_door')
    await each.database.query('grant execute on function memkeep.bar_only(bytea, bytea) to memkeep_app')
  }
})
afterAll(() => Promise.all([keep?.stop(), naive?.stop()]))

async function remember(of: AttackedKeep, pool: pg.Pool, tenant: Buffer, subject: Buffer): Promise<string> {
  const [id, bytes] = [randomUUID(), Buffer.from('x')]
  const labels = [[0], [1], [1], ['fact'], [1], [null], ['{}'], [bytes], [bytes], [bytes]]
  const token = of.token('remember', claims({ tenant, shelf: subject }))
  const { rows } = await pool.query(rememberText, [
    tenant,
    token,
    bytes,
    [id],
    ...labels,
    null,
    null,
    null,
    null,
    bytes,
  ])
  expect(rows[0].outcome).toBe('ok')
  return id
}

async function register(of: AttackedKeep, pool: pg.Pool, tenant: Buffer, sources: string[]): Promise<string> {
  const bytes = Buffer.from('x')
  const text = 'select * from memkeep.register($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)'
  const token = of.token('register', claims({ tenant, reach: 'common', shelf: commonShelf }))
  const values = ['summary', 0, 1, 1, null, sources, tag('seal'), 1, bytes, bytes, bytes]
  const { rows } = await pool.query(text, [tenant, token, commonShelf, null, randomUUID(), ...values])
  return rows[0].outcome
}

interface Outcome {
  readonly registered: number
  readonly refused: number
  /** Readable though its contributor is barred. */
  readonly ghosts: number
}

async function race(of: AttackedKeep, pool: pg.Pool, number: number, delay: number): Promise<Outcome> {
  const [tenant, barred, other] = [tag(`tenant ${seed} ${number}`), tag(`barred ${number}`), tag(`other ${number}`)]
  const created = of.token('create_tenant', claims({ tenant }))
  await pool.query('select * from memkeep.create_tenant($1, $2, $3, $3)', [tenant, created, Buffer.from('n')])
  const sources = [await remember(of, pool, tenant, barred), await remember(of, pool, tenant, other)]
  const bar = async () => {
    await new Promise((resolve) => setTimeout(resolve, delay))
    await pool.query('select memkeep.bar_only($1, $2)', [
      tenant,
      of.token('bar_only', claims({ tenant, shelf: barred })),
    ])
  }
  const writing = Array.from({ length: writers }, async () => {
    const outcomes: string[] = []
    for (let n = 0; n < 4; n++) outcomes.push(await register(of, pool, tenant, sources))
    return outcomes
  })
  const [, ...written] = await Promise.all([bar(), ...writing])
  const outcomes = written.flat()
  const [row] = await of.database.query<{ ghosts: number }>(
    `select count(*)::int as ghosts from memkeep.artifact a where a.tenant = $1 and a.state = 0`,
    [tenant],
  )
  const registered = outcomes.filter((outcome) => outcome === 'ok').length
  return { registered, refused: outcomes.length - registered, ghosts: row!.ghosts }
}

async function races(of: AttackedKeep): Promise<Outcome> {
  const pool = new pg.Pool({ ...of.database.app, max: writers + 1 })
  const total = { registered: 0, refused: 0, ghosts: 0 }
  try {
    for (let number = 0; number < runs; number++) {
      const one = await race(of, pool, number, (seed + number * 7) % 12)
      for (const key of ['registered', 'refused', 'ghosts'] as const) total[key] += one[key]
    }
  } finally {
    await pool.end()
  }
  console.log(`seed ${seed}, ${runs} runs: ${JSON.stringify(total)}`)
  return total
}

test('with its lock away, the naive check lets artifacts of a barred subject stand', async () => {
  expect((await races(naive)).ghosts).toBeGreaterThan(0)
})

test('nothing that a barred subject contributed to can be read, whenever its registering began', async () => {
  const { registered, refused, ghosts } = await races(keep)
  expect(registered).toBeGreaterThan(0)
  expect(refused).toBeGreaterThan(0)
  expect(ghosts).toBe(0)
})

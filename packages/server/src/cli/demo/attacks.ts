import { createHmac, randomBytes } from 'node:crypto'
import { type Keep, MemkeepError, type RunningEngine } from 'memkeep'
import pg from 'pg'
import { agentScope } from '../../authn/operator.ts'

/** How an attack went. `held` is false when it got what it must not. */
export interface Attempt {
  readonly attack: string
  readonly held: boolean
  readonly how: string
}

export interface Target {
  readonly keep: Keep
  readonly engine: RunningEngine
  /** A memory of harborline's ana. */
  readonly victimId: string
  /** A passage of it. */
  readonly secret: string
}

/** Five attacks, one on each wall and one on the disk; each is really made. */
export async function attackAll(target: Target): Promise<Attempt[]> {
  const attacks = [forgeScope, askForForeignId, readTables, forgeToken, relabelRow]
  const attempts: Attempt[] = []
  for (const attack of attacks) attempts.push(await attack(target))
  return attempts
}

/** The type wall. */
async function forgeScope({ keep }: Target): Promise<Attempt> {
  const attack = "Forge a scope: copy one, put a proxy around it, give it the right prototype, ask for subject '*'"
  const real = agentScope('harborline', 'ana')
  const forgeries = [
    structuredClone(real),
    { ...real },
    new Proxy(real, {}),
    Object.create(real),
    JSON.parse('{}'),
    '*',
  ]
  const refusals = forgeries.map((forgery) => codeOf(() => keep.for(forgery as never)))
  const star = await keep.for(agentScope('harborline', '*')).list()
  const refused = refusals.filter((code) => code === 'ERR_SCOPE_REQUIRED').length
  const held = refused === forgeries.length && star.items.length === 0
  return {
    attack,
    held,
    how: `${refused} of ${forgeries.length} refused with ERR_SCOPE_REQUIRED; '*' is a person who said nothing`,
  }
}

/** The doorway's own scope: get by id, update and delete know no other way to a row. */
async function askForForeignId({ keep, victimId }: Target): Promise<Attempt> {
  const attack = "Ask for ana's memory by its id: as her colleague's agent, and as another company's"
  const answers = []
  for (const scope of [agentScope('harborline', 'bruno'), agentScope('stridewell', 'chioma')]) {
    const memory = keep.for(scope)
    answers.push(await memory.get(victimId), (await memory.history(victimId))[0], await memory.delete(victimId))
  }
  const held = answers.every((answer) => answer === null || answer === undefined || answer === false)
  return { attack, held, how: 'get: null, history: empty, delete: false; the same as for an id that does not exist' }
}

/** The doorway wall. */
async function readTables({ engine }: Target): Promise<Attempt> {
  const attack = "Run any SQL with the application's own login"
  return withClient(engine.app, async (client) => {
    const statements = [
      'select * from memkeep.memory',
      'update memkeep.memory set trust = 3',
      'select * from memkeep.token_key',
      'set role memkeep_owner',
      'create temp table loot (row text)',
    ]
    const codes = []
    for (const statement of statements) codes.push(await sqlState(client.query(statement)))
    const held = codes.every((code) => code === '42501')
    return {
      attack,
      held,
      how: `${statements.length} statements, ${codes.filter((code) => code === '42501').length} times "permission denied"`,
    }
  })
}

/** The doorway wall again: the signed scope token, checked inside the database. */
async function forgeToken({ engine, victimId }: Target): Promise<Attempt> {
  const attack = 'Call a doorway by hand, with a token that claims every right over ana, signed with a key of our own'
  const victim = await withClient(engine.admin, async (client) => {
    const found = await client.query<Victim>('select tenant, subject from memkeep.memory where id = $1', [victimId])
    return found.rows[0]!
  })
  return withClient(engine.app, async (client) => {
    const args = [victim.tenant, forgedToken(victim), victimId, Buffer.alloc(0)]
    const code = await sqlState(client.query('select * from memkeep.read($1, $2, $3, false, $4)', args))
    return { attack, held: code === 'MK001', how: `refused inside the database (${code}) before a row was looked at` }
  })
}

interface Victim {
  readonly tenant: Buffer
  readonly subject: Buffer
}

/** All that a token states is known, from the source and from the tables; only the key is not. */
function forgedToken({ tenant, subject }: Victim): Buffer {
  const payload = Buffer.alloc(109)
  payload[0] = 1
  payload.writeInt32BE(Math.floor(Date.now() / 3_600_000), 1)
  tenant.copy(payload, 5)
  payload[21] = 1
  subject.copy(payload, 22)
  payload.writeInt32BE(1, 38)
  payload.fill(7, 46, 48)
  payload.writeInt32BE(0x7fff, 48)
  randomBytes(16).copy(payload, 68)
  payload.writeBigInt64BE(BigInt(Date.now()), 84)
  payload.writeBigInt64BE(BigInt(Date.now() + 30_000), 92)
  payload.write('read', 105)
  return Buffer.concat([payload, createHmac('sha256', randomBytes(32)).update(payload).digest()])
}

/** The key wall: somebody with every right in the database, and nothing else. */
async function relabelRow({ keep, engine, victimId, secret }: Target): Promise<Attempt> {
  const attack = 'Be the database superuser: read the row, then raise its trust label'
  return withClient(engine.admin, async (client) => {
    const { rows } = await client.query<{ row: string; content: Buffer }>(
      'select m::text as row, content from memkeep.memory m where id = $1',
      [victimId],
    )
    const sealed = rows.length === 1 && !rows[0]!.row.includes(secret) && !rows[0]!.content.includes(secret)
    await client.query('update memkeep.memory set trust = 3 where id = $1', [victimId])
    const code = await codeOfAsync(keep.for(agentScope('harborline', 'ana')).get(victimId))
    await client.query('update memkeep.memory set trust = 1 where id = $1', [victimId])
    const held = sealed && code === 'ERR_SEAL_BROKEN'
    return {
      attack,
      held,
      how: `the row is ${rows[0]!.content.length} sealed bytes; relabelled, it does not open (${code})`,
    }
  })
}

function codeOf(act: () => unknown): string | null {
  try {
    act()
    return null
  } catch (error) {
    return error instanceof MemkeepError ? error.code : 'other'
  }
}

async function codeOfAsync(act: Promise<unknown>): Promise<string | null> {
  return act.then(
    () => null,
    (error: unknown) => (error instanceof MemkeepError ? error.code : 'other'),
  )
}

async function sqlState(query: Promise<unknown>): Promise<string | null> {
  return query.then(
    () => null,
    (error: { code?: string }) => error.code ?? 'other',
  )
}

async function withClient<T>(login: RunningEngine['app'], work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...login })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/**
 * Instructions that PostgreSQL runs for one doorway call, whatever else the machine does: a single-user server under
 * Valgrind's callgrind (Debian: valgrind), 20 calls and 80, the difference by 60. It counts what the server computes, and the
 * reading of the statement's text, which prepared calls spare; not the wire, the disk and the waiting.
 *
 *   node --conditions=memkeep-src bench/server-instructions.ts
 *
 * Two minutes. As root, the server is run as `postgres`. Leaves the last profile of each call beside the figures, for callgrind_annotate.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { chmod, cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embedded } from '@memkeep/embedded'
import { openMemkeep } from 'memkeep'
import { directoryKeyStore, localKeys } from 'memkeep/keys/local'
import { mintGrant, mintScope } from 'memkeep/trust'
import pg from 'pg'
import { type Claims, hmacPads, mintToken } from '../packages/memkeep/src/store/token.ts'
import { memoryText } from './texts.ts'

const shelves = 30
const each = 200
const key = { id: 7, key: randomBytes(32) }

interface Made {
  readonly program: string
  readonly database: string
  readonly data: string
  readonly tenant: Buffer
  readonly policyVersion: number
  readonly memories: readonly { readonly subject: Buffer; readonly id: string }[]
}

/** A deployment with thirty shelves of 200 memories, whose server has ended. */
async function make(dir: string): Promise<Made> {
  const engine = embedded({ dir: join(dir, 'db') })
  const running = await engine.start()
  const keep = await openMemkeep({
    database: engine,
    keys: localKeys({ file: join(dir, 'keys', 'root.key') }),
    keyStore: directoryKeyStore({ dir: join(dir, 'keys', 'store') }),
  })
  const principal = { id: 'bench', roles: ['agent'] }
  const grant = mintGrant({ principal, rights: ['tenants'], reason: 'bench', ttlSeconds: 600 })
  await keep.privileged(grant).tenants.create('acme')
  const batch = Array.from({ length: each }, (_, n) => ({ content: memoryText(n), actor: 'user' as const }))
  for (let n = 0; n < shelves; n++) {
    await keep.for(mintScope({ tenant: 'acme', subject: `subject ${n}`, principal })).addMany(batch)
  }
  const admin = new pg.Client(running.admin)
  await admin.connect()
  const { ipad, opad } = hmacPads(key.key)
  await admin.query('insert into memkeep.token_key values ($1, $2, $3, 0, 9000000000000000)', [key.id, ipad, opad])
  await admin.query('vacuum analyze')
  const tenants = await admin.query('select tenant, policy_version from memkeep.tenant')
  const memories = await admin.query('select subject, id from memkeep.memory order by subject, id')
  const server = await admin.query('select pg_backend_pid() as pid, current_database() as name')
  const { pid, name } = server.rows[0]!
  const parent = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[1]
  const program = readlinkSync(`/proc/${parent}/exe`)
  const data = join(dir, 'db', 'data')
  await admin.end()
  await keep.close()
  await running.release()
  while (existsSync(join(data, 'postmaster.pid'))) await new Promise((resolve) => setTimeout(resolve, 200))
  const { tenant, policy_version: policyVersion } = tenants.rows[0]!
  return { program, database: name, data, tenant, policyVersion, memories: memories.rows }
}

const hex = (bytes: Buffer): string => `'\\x${bytes.toString('hex')}'`
const hexes = (list: readonly Buffer[]): string => `'{${list.map((b) => `"\\\\x${b.toString('hex')}"`).join(',')}}'`

type Call = (made: Made, turn: number) => string

function token(made: Made, shelf: Buffer, doorway: string): string {
  const rights = { clearance: 7, writable: 7, actors: 15, rights: 15, principal: randomBytes(16) }
  const epochs = { tenantEpoch: 1, shelfEpoch: 1, policyVersion: made.policyVersion }
  const claims: Claims = { tenant: made.tenant, reach: 'subject', shelf, ...epochs, ...rights }
  // Good for fifty seconds from now: the server under Valgrind takes some.
  const call = { doorway, event: randomUUID(), atMs: Date.now() }
  return `${hex(made.tenant)}, ${hex(mintToken(key, claims, call, Date.now() + 20_000))}`
}

const shelfOf = (made: Made, turn: number): Buffer => made.memories[(turn % shelves) * each]!.subject
const detail = (): string => hex(randomBytes(120))

const calls: Readonly<Record<string, Call>> = {
  add: (made, turn) =>
    `execute remember(${token(made, shelfOf(made, turn), 'remember')}, ${hex(randomBytes(50))}, '{${randomUUID()}}', '{0}',
      '{1}', '{1}', '{note}', '{1764400000000}', '{null}', '{"{}"}', ${hexes([randomBytes(120)])}, ${hexes([randomBytes(130)])},
      ${hexes([randomBytes(220)])}, null, null, null, null, ${detail()})`,
  get: (made, turn) =>
    `execute read(${token(made, shelfOf(made, turn), 'read')}, '${made.memories[(turn % shelves) * each + turn]!.id}', false, ${detail()})`,
  'search, ten rows': (made, turn) => {
    const at = (turn % shelves) * each + turn
    const ids = made.memories.slice(at, at + 10).map(({ id }) => id)
    const shelf = shelfOf(made, turn)
    return `execute recall(${token(made, shelf, 'recall')}, 'memory.search', ${hexes([shelf, Buffer.alloc(16)])}, '{1,0}', true,
      '{${ids.join(',')}}', ${hexes([shelf])}, ${detail()})`
  },
}

const prepared = [
  'prepare remember(bytea,bytea,bytea,uuid[],int2[],int2[],int2[],text[],int8[],int8[],text[],bytea[],bytea[],bytea[],bytea,bytea,bytea,int8,bytea)',
  '  as select * from memkeep.remember($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19);',
  'prepare read(bytea,bytea,uuid,bool,bytea) as select * from memkeep.read($1,$2,$3,$4,$5);',
  'prepare recall(bytea,bytea,text,bytea[],int8[],bool,uuid[],bytea[],bytea) as select * from memkeep.recall($1,$2,$3,$4,$5,$6,$7,$8,$9);',
].join('\n')

/** Single-user mode reads a statement a line. */
const lines = (text: string): string => text.replaceAll(/\n\s*/g, ' ').replaceAll('; prepare', ';\nprepare')

async function count(dir: string, made: Made, call: Call, times: number, profile: string): Promise<number> {
  const data = join(dir, 'counted')
  await rm(data, { recursive: true, force: true })
  await cp(made.data, data, { recursive: true, preserveTimestamps: true })
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', 'postgres:', data])
  const text = `set plan_cache_mode = force_generic_plan;\n${lines(prepared)}\n${Array.from({ length: times }, (_, turn) => `${lines(call(made, turn))};`).join('\n')}\n`
  const valgrind = ['valgrind', '--tool=callgrind', `--callgrind-out-file=${profile}`]
  const server = [made.program, '--single', '-D', data, '-c', 'fsync=off', '-c', 'jit=off', made.database]
  const user = process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : []
  const [program, ...args] = [...user, ...valgrind, ...server]
  const run = spawnSync(program!, args, { input: text, encoding: 'utf8', maxBuffer: 2 ** 28, cwd: tmpdir() })
  const answered = run.stdout.match(/outcome = "ok"/g)?.length ?? 0
  if (answered !== times) throw new Error(`${answered} of ${times} calls were answered: ${run.stderr.slice(-2000)}`)
  return Number(/Collected : (\d+)/.exec(run.stderr)![1])
}

const dir = await mkdtemp(join(tmpdir(), 'mk-instructions-'))
await chmod(dir, 0o755)
const made = await make(dir)
console.log('| call | instructions of the server |\n|---|---|')
for (const [name, call] of Object.entries(calls)) {
  const profile = join(tmpdir(), `callgrind.${process.pid}.${name.replaceAll(/\W+/g, '-')}.out`)
  const few = await count(dir, made, call, 20, profile)
  const many = await count(dir, made, call, 80, profile)
  console.log(`| ${name} | ${Math.round((many - few) / 60)} |`)
}
await rm(dir, { recursive: true, force: true })

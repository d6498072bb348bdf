import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Languages } from 'memkeep'
import pg from 'pg'
import { testEngine } from '../../test/test-engine.ts'
import type { Address, Contestant, Embed } from './contestant.ts'
import { langgraph } from './langgraph.ts'
import { mastra } from './mastra.ts'
import { mem0OnPgvector, mem0OnSqlite } from './mem0.ts'
import { memkeep } from './memkeep.ts'

export interface OpenOptions {
  readonly only?: string
  /** Memkeep's; without it words are taken as they are, its default. */
  readonly languages?: Languages
}

/** One PostgreSQL for all contestants: each has a database of its own on it. */
export interface Stand extends AsyncDisposable {
  /** What stands under every table: server, machine and how busy it is. */
  about(): string
  /**
   * Opens contestants on empty databases: Memkeep first, then all others, or those of `only` (their names, with commas between).
   * Without pgvector those that need it are left out, which is said on stderr.
   */
  open(name: string, embed: Embed, options?: OpenOptions): Promise<readonly Contestant[]>
  /** Whether commits wait for the disk: they do until this says otherwise. */
  durable(on: boolean): Promise<void>
  /** Everything written is on disk, vacuumed and known to the planner. */
  settle(name: string): Promise<void>
}

/** The embedded server, or one made of the programs in MEMKEEP_TEST_POSTGRES_BIN, durable as it comes. */
export async function startStand(): Promise<Stand> {
  const [dir, beside] = [await mkdtemp(join(tmpdir(), 'mk-peers-')), await mkdtemp(join(tmpdir(), 'mk-peers-files-'))]
  const engine = await testEngine({ dir }).start()
  const server = new pg.Client(engine.admin)
  await server.connect()
  const { rows } = await server.query<{ version: string; vector: string | null }>(
    `select current_setting('server_version') as version,
       (select default_version from pg_available_extensions where name = 'vector') as vector`,
  )
  const { version, vector } = rows[0]!
  const made: string[] = []
  const address = async (peer: string, name: string): Promise<Address> => {
    const database = `${peer}_${name}`
    await server.query(`create database ${database}`)
    made.push(database)
    const { host, port, user, password } = engine.admin
    return { host: String(host), port: Number(port), user: String(user), password: String(password), database }
  }
  return {
    about: () =>
      `PostgreSQL ${version}, pgvector ${vector ?? 'none'}, Node ${process.version}, ${cpus().length} cores, load ${loadavg()[0]!.toFixed(1)}`,
    async open(name, embed, { only = '', languages } = {}) {
      const place = { ...engine, admin: await address('memkeep', name), keyDir: join(beside, name, 'keys') }
      const opened = [await memkeep(place, embed, languages)]
      const files = (peer: string) => join(beside, name, peer)
      const peers: readonly [string, boolean, () => Promise<Contestant>][] = [
        ['mem0 SQLite', false, () => mem0OnSqlite(files('mem0'), embed)],
        ['mem0 pgvector', true, async () => mem0OnPgvector(await address('mem0', name), files('mem0-pgvector'), embed)],
        ['LangGraph', true, async () => langgraph(await address('langgraph', name), embed)],
        ['Mastra ivfflat', true, async () => mastra(await address('mastra', name), 'ivfflat', embed)],
        ['Mastra hnsw', true, async () => mastra(await address('mastra_hnsw', name), 'hnsw', embed)],
      ]
      for (const [peer, needsVector, open] of peers) {
        if (only !== '' && !only.split(',').includes(peer)) continue
        if (needsVector && vector === null) console.error(`the server has no pgvector: ${peer} is left out`)
        else opened.push(await open())
      }
      return opened
    },
    async durable(on) {
      await server.query(on ? 'alter system reset synchronous_commit' : 'alter system set synchronous_commit = off')
      await server.query('select pg_reload_conf()')
    },
    async settle(name) {
      for (const database of made.filter((each) => each.endsWith(`_${name}`))) {
        const client = new pg.Client({ ...engine.admin, database })
        await client.connect()
        await client.query('vacuum analyze')
        await client.end()
      }
      await server.query('checkpoint')
    },
    async [Symbol.asyncDispose]() {
      await server.end()
      await engine.release()
      for (const place of [dir, beside]) {
        await rm(place, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
      }
    },
  }
}

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Memory, MemoryConfig } from 'mem0ai/oss'
import { type Address, type Contestant, type Embed, inLanes } from './contestant.ts'

/**
 * Mem0 on pgvector with its defaults: one connection, no vector index, no index on the user. `infer: false`, for there is no
 * language model here: by default every add waits for one. It has no audit (its history table can be changed, and keeps the
 * text in the clear), no encryption, no row security; reading by id asks for no user.
 */
export function mem0OnPgvector(address: Address, dir: string, embed: Embed): Promise<Contestant> {
  const { host, port, user, password, database: dbname } = address
  const config = { host, port, user, password, dbname, embeddingModelDims: embed.dims }
  return open('mem0 pgvector', { provider: 'pgvector', config }, dir, embed)
}

/** The same on its default store: a SQLite file of which every search reads and parses every row, of all users. */
export function mem0OnSqlite(dir: string, embed: Embed): Promise<Contestant> {
  return open('mem0 SQLite', { provider: 'memory', config: { dbPath: join(dir, 'vectors.db') } }, dir, embed)
}

async function open(
  name: string,
  { provider, config }: MemoryConfig['vectorStore'],
  dir: string,
  embed: Embed,
): Promise<Contestant> {
  await mkdir(dir, { recursive: true })
  // Read when the package is loaded. Without them it reports each use to its makers and keeps an id in the home directory.
  Object.assign(process.env, { MEM0_TELEMETRY: 'false', MEM0_DIR: dir })
  const { Memory } = await import('mem0ai/oss')
  const memory = new Memory({
    embedder: {
      provider: 'langchain',
      config: {
        model: {
          embedQuery: async (text: string) => (await embed.texts([text]))[0]!,
          embedDocuments: (texts: string[]) => embed.texts(texts),
        },
      },
    },
    vectorStore: { provider, config: { collectionName: 'memories', dimension: embed.dims, ...config } },
    // Never called; without a key its client is not even made.
    llm: { provider: 'openai', config: { apiKey: 'none' } },
    historyStore: { provider: 'sqlite', config: { historyDbPath: join(dir, 'history.db') } },
  })
  const add = async (userId: string, text: string): Promise<string> =>
    (await memory.add(text, { userId, infer: false })).results[0]!.id
  return {
    name,
    async fill(tenant, texts) {
      durable(memory, false)
      return inLanes(texts, 10, (text) => add(tenant, text))
    },
    settle: async () => durable(memory, true),
    add,
    search: async (tenant, query, limit) => {
      const { results } = await memory.search(query, { filters: { user_id: tenant }, topK: limit })
      return results.map(({ id }) => id)
    },
    get: (_, id) => memory.get(id),
    close: () => closeStores(memory),
  }
}

/** Whether its SQLite files wait for the disk, as they do by default: not while they are filled, which is not timed. */
function durable(memory: Memory, on: boolean): void {
  type Sqlite = { db?: { pragma?(text: string): void } }
  const { vectorStore, db } = memory as unknown as { vectorStore?: Sqlite; db: Sqlite }
  for (const file of [vectorStore?.db, db.db]) file?.pragma?.(`synchronous = ${on ? 'full' : 'off'}`)
}

/** It has no close of its own, and a server that stops under an open connection of its would end this process. */
async function closeStores(memory: Memory): Promise<void> {
  const { vectorStore, _entityStore } = memory as unknown as Record<string, { close?(): Promise<void> } | undefined>
  await vectorStore?.close?.()
  await _entityStore?.close?.()
}

import { randomUUID } from 'node:crypto'
import { PostgresStore } from '@langchain/langgraph-checkpoint-postgres/store'
import { type Address, type Contestant, type Embed, inLanes } from './contestant.ts'

/**
 * LangGraph's store with its defaults: an HNSW index (m 16, ef_construction 200), cosine, a pool of ten connections. A search
 * joins and groups the namespace's rows, so it is exact and does not use that index; a put pays for it. It has no audit, no
 * encryption and no row security, and does three statements for a put without a transaction round them. A namespace is a
 * prefix of a string: names of tenants are of one length here, or one would be shown another's memories.
 */
export async function langgraph(address: Address, embed: Embed): Promise<Contestant> {
  const store = new PostgresStore({
    connectionOptions: { ...address },
    index: { dims: embed.dims, embed: (texts) => embed.texts(texts), fields: ['text'] },
  })
  await store.setup()
  const put = async (tenant: string, text: string): Promise<string> => {
    const key = randomUUID()
    await store.put(['memories', tenant], key, { text })
    return key
  }
  return {
    name: 'LangGraph',
    fill: (tenant, texts) => inLanes(texts, 10, (text) => put(tenant, text)),
    add: put,
    search: async (tenant, query, limit) => {
      const found = await store.search(['memories', tenant], { query, limit })
      return found.map(({ key }) => key)
    },
    get: (tenant, id) => store.get(['memories', tenant], id),
    close: () => store.stop(),
  }
}

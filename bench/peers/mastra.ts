import { randomUUID } from 'node:crypto'
import { PgVector } from '@mastra/pg'
import type { Address, Contestant, Embed } from './contestant.ts'

const indexName = 'memories'

/**
 * Mastra's vector store, in two settings. `ivfflat` is the default, with the filter by resource and the index on that field of
 * the metadata that its documentation shows: such a search is exact and uses the field's index alone. `hnsw` is what it
 * recommends for speed (m 16, ef_construction 64), a namespace for each tenant: the fastest way of keeping tenants apart that
 * it has, and approximate where it is fast. No audit, no encryption, no row security; the text stands in the metadata.
 */
export async function mastra(address: Address, kind: 'ivfflat' | 'hnsw', embed: Embed): Promise<Contestant> {
  const store = new PgVector({ id: 'bench', ...address })
  const indexConfig = kind === 'hnsw' ? { type: kind, hnsw: { m: 16, efConstruction: 64 } } : { type: kind }
  const metadataIndexes = kind === 'hnsw' ? {} : { metadataIndexes: ['resource_id'] }
  await store.createIndex({ indexName, dimension: embed.dims, metric: 'cosine', indexConfig, ...metadataIndexes })
  const partOf = (tenant: string) => (kind === 'hnsw' ? { namespace: tenant } : {})
  const upsert = async (tenant: string, texts: readonly string[]): Promise<string[]> => {
    const ids = texts.map(() => randomUUID())
    const vectors = await embed.texts(texts)
    const metadata = texts.map((text) => ({ text, resource_id: tenant }))
    return store.upsert({ indexName, vectors, metadata, ids, ...partOf(tenant) })
  }
  return {
    name: `Mastra ${kind}`,
    async fill(tenant, texts) {
      const ids: string[] = []
      for (let from = 0; from < texts.length; from += 500)
        ids.push(...(await upsert(tenant, texts.slice(from, from + 500))))
      return ids
    },
    async settle() {
      // Its lists are found from the rows that are there when it is built.
      if (kind === 'ivfflat') await store.buildIndex({ indexName, metric: 'cosine', indexConfig })
    },
    add: (tenant, text) => upsert(tenant, [text]),
    search: async (tenant, query, limit) => {
      const [queryVector] = await embed.texts([query])
      const filter = kind === 'hnsw' ? {} : { filter: { resource_id: tenant } }
      const found = await store.query({
        indexName,
        queryVector: queryVector!,
        topK: limit,
        ...filter,
        ...partOf(tenant),
      })
      return found.map(({ id }) => id)
    },
    // It reads by vector or by filter only.
    get: null,
    close: () => store.disconnect(),
  }
}

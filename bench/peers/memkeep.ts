import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Keep, Languages, LoginSettings, ScopedMemory } from 'memkeep'
import { openMemkeep } from 'memkeep'
import { directoryKeyStore, localKeys } from 'memkeep/keys/local'
import { mintGrant, mintScope } from 'memkeep/trust'
import { install } from '../../packages/memkeep/src/store/install.ts'
import type { Address, Contestant, Embed } from './contestant.ts'

const principal = { id: 'bench', roles: ['admin'] }
/** PEERS_READS=relaxed: searches and gets are on the ledger all the same, and do not wait for the disk. */
const reads = process.env.PEERS_READS === 'relaxed' ? 'relaxed' : 'durable'
const grant = () => mintGrant({ principal, rights: ['tenants'], reason: 'bench', ttlSeconds: 86_400 })

export interface MemkeepPlace {
  readonly admin: Address
  readonly app: LoginSettings
  readonly upkeep: LoginSettings
  /** Never under the database's own directory. */
  readonly keyDir: string
}

/**
 * Memkeep as it comes: every text and vector sealed, every call on the ledger in the transaction of the call itself, row
 * security, and its upkeep running in this process. `languages` is the one setting that a caller may add.
 */
export async function memkeep(place: MemkeepPlace, embed: Embed, languages?: Languages): Promise<Contestant> {
  const { admin, app, upkeep, keyDir } = place
  await install({ ...admin }, { app: app.password!, upkeep: upkeep.password! })
  const keep = await openMemkeep({
    database: { ...app, database: admin.database },
    upkeep: { ...upkeep, database: admin.database },
    keys: localKeys({ file: join(keyDir, 'root.key') }),
    keyStore: directoryKeyStore({ dir: join(keyDir, 'store') }),
    embedder: {
      provider: 'bench',
      modelId: embed.name,
      maxEmbeddingsPerCall: 500,
      supportsParallelCalls: true,
      doEmbed: async ({ values }) => ({ embeddings: await embed.texts(values) }),
    },
    acceptOldServer: true,
    audit: { reads },
    ...(languages ? { languages } : {}),
  })
  return {
    name: reads === 'relaxed' ? 'Memkeep, relaxed reads' : 'Memkeep',
    async fill(tenant, texts) {
      await keep.privileged(grant()).tenants.create(tenant)
      const ids: string[] = []
      for (let from = 0; from < texts.length; from += 500) {
        const batch = texts.slice(from, from + 500).map((content) => ({ content, actor: 'user' as const }))
        for (const { id } of await memoryOf(keep, tenant).addMany(batch)) ids.push(id)
      }
      return ids
    },
    add: (tenant, text) => memoryOf(keep, tenant).add(text, { actor: 'user' }),
    search: async (tenant, query, limit) => {
      const { memories } = await memoryOf(keep, tenant).search(query, { limit })
      return memories.map(({ id }) => id)
    },
    get: (tenant, id) => memoryOf(keep, tenant).get(id),
    close: async () => {
      await keep.close()
      await rm(keyDir, { recursive: true, force: true })
    },
  }
}

/** A scope for each call, as a program that serves requests mints them. */
function memoryOf(keep: Keep, tenant: string): ScopedMemory {
  return keep.for(mintScope({ tenant, subject: 'ana', principal }))
}

import type { Keep, ReadableMemory, ScopedMemory } from '../../src/index.ts'
import { ReadableArtifacts, ScopedArtifacts } from '../../src/memory/artifacts/scoped-artifacts.ts'
import { ScopedCache } from '../../src/memory/cache/scoped-cache.ts'
import { Audit } from '../../src/memory/ledger/audit.ts'
import { ScopedLibrary } from '../../src/memory/library/scoped-library.ts'
import { Quarantine } from '../../src/memory/quarantine.ts'
import { ReadableMemory as Readable, ScopedMemory as Scoped } from '../../src/memory/scoped-memory.ts'
import { mintCommonScope, mintScope, mintTenantScope } from '../../src/trust.ts'

/** What a reader asks for: ids that were once there, words that were once said. */
export interface Known {
  readonly memories: readonly string[]
  readonly held: readonly string[]
  readonly artifacts: readonly string[]
  readonly cacheKeys: readonly string[]
  /** Under which answers were kept. */
  readonly answerKeys: readonly string[]
  readonly words: string
}

export type Handle = ReadableMemory & { readonly cache?: ScopedCache; readonly once?: ScopedMemory['once'] }
type Read = (memory: Handle, known: Known) => Promise<unknown>

const each = <T>(ids: readonly string[], read: (id: string) => Promise<T>) => Promise.all(ids.map(read))

/** All pages of what is listed; the first failure is its answer. */
async function pages<P extends { readonly nextCursor: string | null }>(next: (cursor?: string) => Promise<P>) {
  const found: P[] = []
  for (let cursor: string | null = null, first = true; first || cursor !== null; first = false) {
    found.push(await next(cursor ?? undefined))
    cursor = found.at(-1)!.nextCursor
  }
  return found
}

const after = (cursor?: string) => (cursor === undefined ? {} : { cursor })

async function all<T>(records: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const record of records) found.push(record)
  return found
}

/** Every way to read, by the class and the member that it begins with. */
export const readPaths: Readonly<Record<string, Read>> = {
  'memory.search': (memory, { words }) => memory.search(words, { limit: 100 }),
  'memory.get': (memory, { memories }) => each(memories, (id) => memory.get(id)),
  'memory.list': (memory) => pages((cursor) => memory.list({ limit: 100, ...after(cursor) })),
  'memory.history': (memory, { memories }) => each(memories, (id) => memory.history(id)),
  'memory.explain': (memory, { memories, held }) => each([...memories, ...held], (id) => memory.explain(id)),
  'memory.checkShelves': (memory) => memory.checkShelves(),
  'memory.export': (memory) => all(memory.export()),
  'memory.erasures': async (memory) =>
    (await memory.erasures.list()).map(({ id, state, steps }) => ({ id, state, steps })),
  'memory.tenantTag': (memory) => memory.tenantTag(),
  'memory.once': (memory, { answerKeys }) =>
    each(answerKeys, async (key) => memory.once?.(key, 'asked', async () => 'made anew') ?? null),
  'quarantine.list': (memory) => pages((cursor) => memory.quarantine.list({ limit: 100, ...after(cursor) })),
  'quarantine.get': (memory, { held }) => each(held, (id) => memory.quarantine.get(id)),
  'artifacts.list': (memory) =>
    pages((cursor) => memory.artifacts.list({ states: ['ready', 'hidden', 'dead'], limit: 100, ...after(cursor) })),
  'artifacts.get': (memory, { artifacts }) => each(artifacts, (id) => memory.artifacts.get(id)),
  'cache.get': async (memory, { cacheKeys }) => each(cacheKeys, async (key) => memory.cache?.get(key) ?? null),
  'library.search': (memory, { words }) => memory.library.search(words, { limit: 100 }),
  'audit.list': (memory) => pages((cursor) => memory.audit.list({ limit: 100, ...after(cursor) })),
  'audit.proof': async (memory) => {
    const { items } = await memory.audit.list({ limit: 100 })
    const placed = items.filter(({ index }) => index !== null).slice(0, 3)
    return each(
      placed.map(({ id }) => id),
      (id) => memory.audit.proof(id),
    )
  },
  'audit.opening': async (memory) => {
    const { items } = await memory.audit.list({ limit: 100 })
    return each(
      items.map(({ id }) => id),
      (id) => memory.audit.opening(id),
    )
  },
  'audit.checkpoint': (memory) => memory.audit.checkpoint(),
  'audit.export': (memory) => all(memory.audit.export()),
}

/** What changes something, or leads to one of the classes below: it reads nothing out. */
const others: Readonly<Record<string, readonly string[]>> = {
  memory: [
    'reembed',
    'reseal',
    'mintKey',
    'noteSmuggling',
    'noteDenied',
    'audit',
    'library',
    'artifacts',
    'quarantine',
    'cache',
    'add',
    'addMany',
    'addMessages',
    'wouldRefuse',
  ].concat(['update', 'endorse', 'delete', 'deleteMany']),
  quarantine: ['release', 'reject'],
  artifacts: ['register', 'remove', 'retry'],
  cache: ['set', 'delete'],
  library: [],
  audit: [],
}

const classes: Readonly<Record<string, readonly { readonly prototype: object }[]>> = {
  memory: [Readable, Scoped],
  quarantine: [Quarantine],
  artifacts: [ReadableArtifacts, ScopedArtifacts],
  cache: [ScopedCache],
  library: [ScopedLibrary],
  audit: [Audit],
}

/** Members that are in neither table: a way to read that nobody tried after an erasure. And what is in a table and nowhere else. */
export function unlisted(of = classes): string[] {
  return Object.entries(of).flatMap(([name, made]) => {
    const members = new Set(made.flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype)))
    members.delete('constructor')
    const listed = Object.keys(readPaths).flatMap((path) =>
      path.startsWith(`${name}.`) ? [path.slice(name.length + 1)] : [],
    )
    const known = [...listed, ...others[name]!].filter((member) => member !== 'audit')
    return [
      ...[...members].filter((member) => !known.includes(member)).map((member) => `${name}.${member} has no row`),
      ...known.filter((member) => !members.has(member)).map((member) => `${name}.${member} is not there`),
    ]
  })
}

/** An administrator has every right that a scope can have. */
const principal = { id: 'reader', roles: ['admin'] }

/** The scopes through which something of a subject could be read: its own, another subject's, the common one, the tenant's. */
export function handlesOf(
  keep: Keep,
  tenant: string,
  subject: string,
  other: string,
): Readonly<Record<string, Handle>> {
  return {
    own: keep.for(mintScope({ tenant, subject, principal })),
    other: keep.for(mintScope({ tenant, subject: other, principal })),
    common: keep.for(mintCommonScope({ tenant, principal })),
    wide: keep.for(mintTenantScope({ tenant, principal })),
  }
}

/** What every path gives through every handle, as text; of a refusal its code. */
export async function readAll(handles: Readonly<Record<string, Handle>>, known: Known): Promise<Map<string, string>> {
  const answers = new Map<string, string>()
  for (const [whose, handle] of Object.entries(handles)) {
    for (const [path, read] of Object.entries(readPaths)) {
      const answer = await read(handle, known).then(
        (value) =>
          JSON.stringify(value, (_, each) =>
            each instanceof Uint8Array ? Buffer.from(each).toString('latin1') : each,
          ),
        (error: { code?: string; message: string }) => `refused ${error.code ?? error.message}`,
      )
      answers.set(`${whose} ${path}`, answer ?? 'undefined')
    }
  }
  return answers
}

import { expect } from 'vitest'
import type { TestDatabase } from '../../../../test/database.ts'
import type { ScopedMemory } from '../../src/index.ts'
import { type Acknowledged, partOf } from './writing-child.ts'

/** Everything acknowledged is there and opens; of what was not, there is all or nothing. */
export async function expectAcknowledged(memory: ScopedMemory, acknowledged: readonly Acknowledged[]): Promise<void> {
  const contents = new Map<string, string>()
  const deleted = new Set<string>()
  for (const told of acknowledged) {
    if (told.did === 'add') for (const { id, content } of told.memories) contents.set(id, content)
    if (told.did === 'update') contents.set(told.id, told.content)
    if (told.did === 'delete') deleted.add(told.id)
  }
  const standing = new Map<string, string>()
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<ScopedMemory['list']>> = await memory.list({
      limit: 100,
      ...(cursor === null ? {} : { cursor }),
    })
    for (const { id, content } of page.items) standing.set(id, content)
    cursor = page.nextCursor
  } while (cursor !== null)
  for (const id of deleted) expect(standing.has(id)).toBe(false)
  for (const [id, content] of contents) {
    if (deleted.has(id)) continue
    // An update or a deletion that was under way when the process died may have been done: the last call of a child.
    if (standing.has(id)) expect([content, `${content}, revised`]).toContain(standing.get(id))
    else expect(await memory.history(id)).toEqual([])
  }
  const lost = [...contents.keys()].filter((id) => !deleted.has(id) && !standing.has(id))
  const children = acknowledged.filter(({ did }) => did === 'begin').length
  expect(lost.length).toBeLessThanOrEqual(children)
  expectWholeBatches([...standing.values()])
}

function expectWholeBatches(contents: readonly string[]): void {
  const batches = new Map<string, { parts: number; seen: string[] }>()
  for (const content of contents) {
    const [, batch, , parts] = /^(\S+) part (\d+) of (\d+)/.exec(content)!
    const found = batches.get(batch!) ?? { parts: Number(parts), seen: [] }
    found.seen.push(content.replace(/(, revised)+$/, ''))
    batches.set(batch!, found)
  }
  for (const [batch, { parts, seen }] of batches) {
    expect(seen.sort()).toEqual(Array.from({ length: parts }, (_, part) => partOf(batch, part, parts)).sort())
  }
}

/**
 * Every read that was answered has an event that names just what it showed, and every denial its own; of those that were not there is one for each child
 * at the most, where no server died, after which a read is asked for again.
 */
export async function expectAccounted(
  database: TestDatabase,
  acknowledged: readonly Acknowledged[],
  serverDied: boolean,
): Promise<void> {
  const first = acknowledged.find((told) => told.did === 'add')
  if (first === undefined) return
  const events = await database.query<{ action: string; outcome: string; memories: string[] }>(
    `with own as (select subject, principal from memkeep.event where action = 'memory.add' and $1 = any (memories) limit 1)
    select e.action, e.outcome, e.memories::text[] from memkeep.event e join own using (subject, principal)
    where e.action in ('memory.search', 'memory.get', 'memory.export') and e.outcome in ('ok', 'denied')`,
    [first.memories[0]!.id],
  )
  const isPaged = (action: string) => action === 'memory.export'
  const told = new Map<string, number>()
  const add = (key: string, number: number) => told.set(key, (told.get(key) ?? 0) + number)
  const count = (action: string, ids: readonly string[], number: number) => {
    if (isPaged(action)) for (const id of ids) add(`${action} ${id}`, number)
    else add(`${action} ${[...ids].sort().join(' ')}`, number)
  }
  for (const each of acknowledged) {
    if (each.did === 'read') count(each.action, each.ids, -1)
    // Whoever updates a memory reads it first.
    if (each.did === 'update') count('memory.get', [each.id], -1)
    if (each.did === 'denied') add('denied', -1)
  }
  for (const { action, outcome, memories } of events) {
    if (outcome === 'denied') add('denied', 1)
    else count(action, memories, 1)
  }
  expect([...told].filter(([, more]) => more < 0)).toEqual([])
  const children = acknowledged.filter(({ did }) => did === 'begin').length
  const beyond = [...told].reduce((sum, [key, more]) => sum + (isPaged(key.split(' ')[0]!) ? 0 : more), 0)
  if (!serverDied) expect(beyond).toBeLessThanOrEqual(children)
}

/** Rows and ledger tell the same story, and every shelf counts rightly. Zero of every contradiction. */
export async function expectConsistent(database: TestDatabase): Promise<void> {
  // Grouped and joined: counted row by row, a thousand kills would wait for this alone.
  const [contradictions] = await database.query<Record<string, number>>(`
    with done as materialized (select * from memkeep.event where outcome = 'ok'),
      named as materialized (select e.tenant, e.subject, e.action, unnest(e.memories) as id from done e),
      added as materialized (select tenant, subject, id, count(*) as times from named where action = 'memory.add' group by 1, 2, 3),
      revised as materialized (select id, count(*) as times from named
        where action in ('memory.update', 'memory.reclassify') group by 1),
      former as materialized (select id, count(*) as times from memkeep.memory_version group by 1),
      held as materialized (select tenant, subject, count(*) as memories from memkeep.memory group by 1, 2),
      wrote as materialized (select tenant, subject, count(*) as times from done where affected > 0
        and action in ('memory.add', 'memory.update', 'memory.reclassify', 'memory.delete') group by 1, 2)
    select
      (select count(*)::int from memkeep.memory m left join added a using (tenant, subject, id)
        where coalesce(a.times, 0) <> 1) as unaudited,
      (select count(*)::int from named n where n.action = 'memory.add'
        and not exists (select 1 from memkeep.memory m where m.id = n.id)
        and not exists (select 1 from named d where d.action in ('memory.delete', 'memory.expire') and d.id = n.id)) as unstored,
      (select count(*)::int from named n join memkeep.memory m on m.id = n.id where n.action = 'memory.delete') as undeleted,
      (select count(*)::int from memkeep.memory m left join revised r using (id)
        where m.version - 1 <> coalesce(r.times, 0)) as unrevised,
      (select count(*)::int from memkeep.memory m left join former f using (id)
        where m.version - 1 <> coalesce(f.times, 0)) as versions,
      (select count(*)::int from memkeep.shelf s left join held h using (tenant, subject)
        where s.memories <> coalesce(h.memories, 0)) as counts,
      (select count(*)::int from memkeep.shelf s left join wrote w using (tenant, subject)
        where s.version <> coalesce(w.times, 0)) as shelves,
      (select count(*)::int from memkeep.memory m join memkeep.shelf s using (tenant, subject)
        where m.shelf_version > s.version) as ahead`)
  expect(contradictions).toEqual({
    unaudited: 0,
    unstored: 0,
    undeleted: 0,
    unrevised: 0,
    versions: 0,
    counts: 0,
    shelves: 0,
    ahead: 0,
  })
}

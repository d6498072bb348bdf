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

/** Rows and ledger tell the same story, and every shelf counts rightly. Zero of every contradiction. */
export async function expectConsistent(database: TestDatabase): Promise<void> {
  const [contradictions] = await database.query<Record<string, number>>(`
    with done as (select * from memkeep.event where outcome = 'ok'),
      named as (select e.tenant, e.subject, e.action, unnest(e.memories) as id from done e)
    select
      (select count(*)::int from memkeep.memory m where (select count(*) from named n
        where n.action = 'memory.add' and n.tenant = m.tenant and n.subject = m.subject and n.id = m.id) <> 1) as unaudited,
      (select count(*)::int from named n where n.action = 'memory.add'
        and not exists (select 1 from memkeep.memory m where m.id = n.id)
        and not exists (select 1 from named d where d.action in ('memory.delete', 'memory.expire') and d.id = n.id)) as unstored,
      (select count(*)::int from named n join memkeep.memory m on m.id = n.id where n.action = 'memory.delete') as undeleted,
      (select count(*)::int from memkeep.memory m where m.version - 1 <> (select count(*) from named n
        where n.action in ('memory.update', 'memory.reclassify') and n.id = m.id)) as unrevised,
      (select count(*)::int from memkeep.memory m where m.version - 1 <> (select count(*) from memkeep.memory_version v
        where v.id = m.id)) as versions,
      (select count(*)::int from memkeep.shelf s where s.memories <> (select count(*) from memkeep.memory m
        where m.tenant = s.tenant and m.subject = s.subject)) as counts,
      (select count(*)::int from memkeep.shelf s where s.version <> (select count(*) from done e where e.tenant = s.tenant
        and e.subject = s.subject and e.affected > 0
        and e.action in ('memory.add', 'memory.update', 'memory.reclassify', 'memory.delete'))) as shelves,
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

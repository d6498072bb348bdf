/** What is logged of reads, as the database classes it (guard `record`). For ever: an `op` that leaves it leaves old cold files refused. */
export const readOps: ReadonlySet<string> = new Set([
  'memory.search',
  'memory.list',
  'memory.get',
  'memory.history',
  'shelf.load',
  'shelf.list',
  'tenant.enter',
  'upkeep.due',
  'artifact.list',
  'artifact.get',
  'cache.get',
  'library.search',
])

import assert from 'node:assert/strict'
import type { Connector, ConnectorScope } from '../connectors/connector.ts'

export interface ConnectorPlace {
  /** On a store that holds nothing. */
  readonly connector: Connector
  /** The same, with a store that cannot be reached. */
  readonly down: Connector
  /** Puts so many more items of the scope into the store, as the application does; with `subject` null, of the tenant as a whole. */
  put(scope: ConnectorScope, items: number): Promise<void>
  /** Everything that the store holds of a scope, read past the connector; of a tenant, of all its subjects. */
  read(scope: ConnectorScope): Promise<readonly string[]>
  /** More items than the store shows or removes at once. Default 2,100. */
  readonly many?: number
}

/** Tries everything that a `Connector` promises. `make` is called for each check. Throws at the first promise that is not kept. */
export async function testConnector(make: () => Promise<ConnectorPlace>): Promise<void> {
  const checks = [
    countsAndRemoves,
    leavesNeighbours,
    takesManyItems,
    takesWholeTenants,
    mayBeRepeated,
    isNotQuietWhenDown,
  ]
  for (const check of checks) await check(await make())
}

const never = (): AbortSignal => new AbortController().signal
const ana: ConnectorScope = { tenant: 'acme', subject: 'ana' }

/** Whom the place's connector tells apart: of one that knows tenants only, tenants as a whole. */
function scopeOf({ connector }: ConnectorPlace, scope: ConnectorScope): ConnectorScope {
  return connector.separates === 'tenants' ? { ...scope, subject: null } : scope
}

async function countsAndRemoves(place: ConnectorPlace): Promise<void> {
  const { connector } = place
  const scope = scopeOf(place, ana)
  assert.match(connector.name, /^[a-z0-9][a-z0-9-]{0,63}$/, 'the name is 1 to 64 of a-z, 0-9 and -')
  for (const call of ['inventory', 'erase', 'verify'] as const) {
    assert.equal(await connector[call](scope, never()), 0, `${call} of nothing is 0`)
  }
  await place.put(scope, 3)
  assert.equal(await connector.inventory(scope, never()), 3, 'inventory counts the items')
  assert.equal(
    await connector.verify(scope, never()),
    3,
    'verify reads the store anew, also before anything was removed',
  )
  assert.equal(await connector.erase(scope, never()), 3, 'erase says how many it removed')
  assert.deepEqual(await place.read(scope), [], 'the store holds nothing of the scope')
  assert.equal(await connector.verify(scope, never()), 0, 'and verify says so')
  await place.put(scope, 1)
  assert.equal(await connector.verify(scope, never()), 1, 'what was put afterwards is seen')
}

/** Ids that begin alike, or mean something to a pattern, a path, a statement or a filter. */
const neighbours: readonly ConnectorScope[] = [
  { tenant: 'acme', subject: 'an' },
  { tenant: 'acme', subject: 'anabel' },
  { tenant: 'acme', subject: 'Ana' },
  { tenant: 'acme', subject: 'bob' },
  { tenant: 'acme2', subject: 'ana' },
  { tenant: 'acm', subject: 'ana' },
  { tenant: 'globex', subject: 'ana' },
]

const strange = ['*', '%', '_', '?', '[a-z]', '\\', "'", '"', '..', 'a b', '記', '#', '$1', 'null']

async function leavesNeighbours(place: ConnectorPlace): Promise<void> {
  const { connector } = place
  const others = [...neighbours, ...strange.map((subject) => ({ tenant: 'acme', subject }))]
  const apart = connector.separates === 'tenants' ? others.filter(({ tenant }) => tenant !== 'acme') : others
  for (const other of apart) await place.put(scopeOf(place, other), 1)
  const before = await readAll(place, apart)
  for (const scope of [ana, ...strange.map((subject) => ({ tenant: 'initech', subject }))]) {
    await place.put(scopeOf(place, scope), 2)
    assert.equal(await connector.inventory(scopeOf(place, scope), never()), 2, 'only the scope is counted')
    await connector.erase(scopeOf(place, scope), never())
    assert.deepEqual(await place.read(scopeOf(place, scope)), [], 'the scope is gone')
  }
  assert.deepEqual(await readAll(place, apart), before, 'nobody else is touched')
}

async function readAll(place: ConnectorPlace, scopes: readonly ConnectorScope[]): Promise<(readonly string[])[]> {
  const found: (readonly string[])[] = []
  for (const scope of scopes) found.push([...(await place.read(scopeOf(place, scope)))].sort())
  for (const items of found) assert.ok(items.length > 0, 'the place reads what was put')
  return found
}

async function takesManyItems(place: ConnectorPlace): Promise<void> {
  const { connector, many = 2_100 } = place
  const scope = scopeOf(place, ana)
  await place.put(scope, many)
  assert.equal(await connector.inventory(scope, never()), many, 'more items than one page')
  assert.equal(await connector.erase(scope, never()), many)
  assert.equal(await connector.verify(scope, never()), 0)
  assert.deepEqual(await place.read(scope), [])
}

async function takesWholeTenants(place: ConnectorPlace): Promise<void> {
  const { connector } = place
  const whole = { tenant: 'acme', subject: null }
  const scopes = connector.separates === 'tenants' ? [whole] : [whole, ana, { tenant: 'acme', subject: 'bob' }]
  for (const scope of scopes) await place.put(scope, 2)
  const other = { tenant: 'acme2', subject: connector.separates === 'tenants' ? null : 'ana' }
  await place.put(other, 1)
  assert.equal(
    await connector.inventory(whole, never()),
    2 * scopes.length,
    'a tenant is all its subjects, and what is nobody’s',
  )
  await connector.erase(whole, never())
  assert.equal(await connector.verify(whole, never()), 0)
  assert.deepEqual(await place.read(whole), [])
  assert.equal((await place.read(other)).length, 1, 'another tenant is not touched')
}

async function mayBeRepeated(place: ConnectorPlace): Promise<void> {
  const { connector } = place
  const scope = scopeOf(place, ana)
  await place.put(scope, 20)
  await Promise.all([connector.erase(scope, never()), connector.erase(scope, never())])
  assert.equal(await connector.verify(scope, never()), 0, 'two at once')
  assert.equal(await connector.erase(scope, never()), 0, 'and once more')
  await place.put(scope, 2)
  const aborted = await Promise.resolve(connector.erase(scope, AbortSignal.abort())).then(
    () => 'success',
    () => 'refusal',
  )
  assert.equal(aborted, 'refusal', 'an aborted call does nothing')
  assert.equal((await place.read(scope)).length, 2)
}

async function isNotQuietWhenDown({ down }: ConnectorPlace): Promise<void> {
  for (const call of ['inventory', 'erase', 'verify'] as const) {
    const outcome = await Promise.resolve(down[call]({ tenant: 'acme', subject: null }, never())).then(
      (items) => `the answer ${items}`,
      () => 'refusal',
    )
    assert.equal(outcome, 'refusal', `${call} of a store that cannot be reached`)
  }
}

import { modulesOf } from './parsed-module.ts'
import { brokenImports, isKernel, isSource, kernel, type Rule, roomOf, server, targetOf } from './rule.ts'
import type { SourceTree } from './source-tree.ts'

const guards = ['policy', 'screening', 'recall', 'keys', 'cache', 'audit', 'artifacts', 'connectors']
const useCases = ['memory', 'erasure', 'privileged', 'upkeep']

/** `conformance` stands beside the use cases: driver authors run it, no room needs it. */
const floors = new Map<string, number>([
  ['core', 0],
  ['proof', 1],
  ['store', 2],
  ...guards.map((room) => [room, 3] as const),
  ...[...useCases, 'conformance'].map((room) => [room, 4] as const),
  ['faces', 5],
])

/** What drivers of a guard implement, and may import beside the words. */
const ports = new Set(
  [
    'audit/cold-tier.ts',
    'audit/witness.ts',
    'cache/cache-store.ts',
    'connectors/connector.ts',
    'keys/key-provider.ts',
    'keys/key-store.ts',
    'erasure/erasure-ledger.ts',
    'recall/embedder.ts',
    'recall/languages.ts',
    'screening/distiller.ts',
    'screening/screener.ts',
  ].map((file) => `${kernel}${file}`),
)

/** Where an embedded or a served keep, or what serves it, is put together out of drivers. */
const compositionRoots = new Set([
  'packages/embedded/src/open-local.ts',
  `${server}cli/demo/demo.ts`,
  `${server}open-keep.ts`,
  `${server}serve.ts`,
])

const inDrivers = (path: string): boolean => path.includes('/drivers/')

export const pointDown: Rule = {
  rule: "the kernel's imports lead to lower floors only",
  broken: (tree) => [
    ...modulesOf(tree, isKernel)
      .filter(({ path }) => !floors.has(roomOf(path)))
      .map(({ path }) => `${path}: its room has no floor`),
    ...brokenImports(modulesOf(tree, isKernel), (module, _, target) => {
      if (target === null || !isKernel(target)) return null
      const [here, there] = [roomOf(module.path), roomOf(target)]
      const lower = floors.get(there)! < floors.get(here)!
      return here === there || lower ? null : `${here} imports ${there}`
    }),
  ],
}

/** What a driver may import from outside: Node, and what its member lets a user install for it. */
function isDriversOwn(tree: SourceTree, from: string | null): boolean {
  if (from === null) return false
  return from.startsWith('node:') || Object.hasOwn(peersOf(tree, 'packages/memkeep'), packageOf(from))
}

const packageOf = (from: string): string => from.split('/', from.startsWith('@') ? 2 : 1).join('/')

function peersOf(tree: SourceTree, member: string): Readonly<Record<string, string>> {
  const { peerDependencies = {} } = JSON.parse(tree.get(`${member}/package.json`)!) as {
    peerDependencies?: Record<string, string>
  }
  return peerDependencies
}

export const driversSeeTheirPort: Rule = {
  rule: 'a driver sees its own port and core',
  broken: (tree) =>
    brokenImports(
      modulesOf(tree, (path) => isKernel(path) && inDrivers(path)),
      (module, { from }, target) => {
        if (target === null) return isDriversOwn(tree, from) ? null : `a driver imports ${from}`
        const own = target.startsWith(module.path.slice(0, module.path.indexOf('/drivers/') + 1))
        const allowed = roomOf(target) === 'core' || (own && (inDrivers(target) || ports.has(target)))
        return allowed ? null : `a driver imports ${target}`
      },
    ),
}

export const driversAreChosenOutside: Rule = {
  rule: 'nothing imports a driver but a composition root and tests',
  broken: (tree) => {
    const subpaths = driverSubpaths(tree)
    return brokenImports(
      modulesOf(tree, (path) => isSource(path) && !inDrivers(path) && !compositionRoots.has(path)),
      (_, { from }, target) =>
        (target !== null && inDrivers(target)) || (from !== null && subpaths.has(from))
          ? `imports driver ${from}`
          : null,
    )
  },
}

/** Names under which the kernel's drivers leave it: `memkeep/keys/local`. */
function driverSubpaths(tree: SourceTree): ReadonlySet<string> {
  const { exports } = JSON.parse(tree.get('packages/memkeep/package.json')!) as { exports: Record<string, unknown> }
  const drivers = Object.entries(exports).filter(([, target]) => JSON.stringify(target).includes('/drivers/'))
  return new Set(drivers.map(([subpath]) => `memkeep${subpath.slice(1)}`))
}

export const mintsLeaveThroughTrust: Rule = {
  rule: 'scopes and grants are minted through memkeep/trust only',
  broken: (tree) => {
    const minting = modulesOf(tree, (path) => path.startsWith(`${kernel}core/`)).filter(({ exports }) =>
      exports.some(isMint),
    )
    if (minting.length === 0) return ['core: nothing mints, so this rule holds nothing']
    const mints = new Set(minting.map(({ path }) => path))
    return brokenImports(
      modulesOf(tree, (path) => isKernel(path) && path !== `${kernel}trust.ts`),
      (_, { names }, target) => {
        if (target === `${kernel}trust.ts`) return 'imports trust.ts'
        if (target === null || !mints.has(target)) return null
        return names.some((name) => name === '*' || isMint(name)) ? `takes a mint from ${target}` : null
      },
    )
  },
}

const isMint = (name: string): boolean => /^mint[A-Z]/.test(name)

export const trustIsForAuthentication: Rule = {
  rule: 'memkeep/trust is imported only where callers are authenticated',
  broken: (tree) =>
    brokenImports(
      modulesOf(tree, (path) => isSource(path) && !path.startsWith(`${server}authn/`)),
      (_, { from }) => (from === 'memkeep/trust' ? 'imports memkeep/trust' : null),
    ),
}

export const verifyIsPure: Rule = {
  rule: 'verify reaches only proof and core, and no built-in; trust reaches only core',
  broken: (tree) => [
    ...reachedFrom(tree, `${kernel}verify.ts`).flatMap(({ path, imports }) => {
      const foreign = imports.filter(({ from }) => from === null || !from.startsWith('.'))
      const strange = path !== `${kernel}verify.ts` && !['proof', 'core'].includes(roomOf(path))
      return [
        ...(strange ? [`${path}: verify reaches it`] : []),
        ...foreign.map(({ from }) => `${path}: verify reaches ${from} through it`),
      ]
    }),
    ...reachedFrom(tree, `${kernel}trust.ts`)
      .filter(({ path }) => path !== `${kernel}trust.ts` && roomOf(path) !== 'core')
      .map(({ path }) => `${path}: trust reaches it`),
  ],
}

/** The module and whatever it imports, at any distance; nothing when it does not exist. */
function reachedFrom(tree: SourceTree, start: string) {
  const reached = new Set<string>()
  const waiting = [start]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (reached.has(path) || !tree.has(path)) continue
    reached.add(path)
    const [module] = modulesOf(tree, (each) => each === path)
    for (const each of module!.imports) waiting.push(targetOf(module!, each) ?? path)
  }
  return modulesOf(tree, (path) => reached.has(path))
}

export const membersKeepTheirBorders: Rule = {
  rule: 'members reach each other by name, and only what their package.json names',
  broken: (tree) =>
    brokenImports(modulesOf(tree, isSource), (module, { from }, target) => {
      const member = module.path.split('/').slice(0, 2).join('/')
      if (from === null) return 'imports by a computed name'
      if (target !== null) return target.startsWith(`${member}/src/`) ? null : `leaves its member: ${from}`
      if (from.startsWith('node:')) return null
      const { dependencies = {} } = JSON.parse(tree.get(`${member}/package.json`)!) as {
        dependencies?: Record<string, string>
      }
      const name = packageOf(from)
      if (inDrivers(module.path) && Object.hasOwn(peersOf(tree, member), name)) return null
      return Object.hasOwn(dependencies, name) ? null : `imports ${name}, which its package.json does not name`
    }),
}

/** Each opens one door on an opened keep; the command line calls them, and knows no other door. */
const doorkeepers = new Set([`${server}serve.ts`, `${server}serve-mcp.ts`])

export const doorsAreApart: Rule = {
  rule: "the server's doors (http, mcp, cli) know nothing of each other, and nothing below knows a door",
  broken: (tree) =>
    brokenImports(
      modulesOf(tree, (path) => path.startsWith(server) && !doorkeepers.has(path)),
      (module, { from }, target) => {
        const [here, there] = [module.path, target ?? ''].map((path) => path.slice(server.length).split('/')[0]!)
        return ['http', 'mcp', 'cli'].includes(there!) && here !== there ? `${here} imports ${from}` : null
      },
    ),
}

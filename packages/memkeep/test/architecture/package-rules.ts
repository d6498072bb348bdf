import type { Rule } from './rule.ts'
import type { SourceTree } from './source-tree.ts'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly bin?: Readonly<Record<string, string>>
}

interface Dependency {
  readonly path: string
  readonly name: string
  readonly version: string
  /** Not installed with the member: brought by a user who chooses a driver that needs it, in a version of their own. */
  readonly optionalPeer: boolean
}

function manifestsOf(tree: SourceTree): [path: string, manifest: Manifest][] {
  return [...tree]
    .filter(([path]) => /^(packages\/[^/]+\/)?package\.json$/.test(path))
    .map(([path, text]) => [path, JSON.parse(text) as Manifest])
}

function dependenciesOf(tree: SourceTree): Dependency[] {
  return manifestsOf(tree).flatMap(([path, manifest]) => {
    const { dependencies, devDependencies, optionalDependencies, peerDependencies = {} } = manifest
    const listed = [dependencies, devDependencies, optionalDependencies].flatMap((group) => Object.entries(group ?? {}))
    return [
      ...listed.map(([name, version]) => ({ path, name, version, optionalPeer: false })),
      ...Object.entries(peerDependencies).map(([name, version]) => {
        return { path, name, version, optionalPeer: isOptional(manifest, name) }
      }),
    ]
  })
}

const isOptional = ({ peerDependenciesMeta = {} }: Manifest, name: string): boolean =>
  peerDependenciesMeta[name]?.optional === true

export const kernelNeedsOnlyPg: Rule = {
  rule: 'the kernel installs with pg alone',
  broken: (tree) => {
    const path = 'packages/memkeep/package.json'
    const manifest = JSON.parse(tree.get(path)!) as Manifest
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = manifest
    const peers = Object.keys(peerDependencies).filter((name) => !isOptional(manifest, name))
    const names = [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]
    return names.join() === 'pg' ? [] : [`${path}: needs ${names.join(', ') || 'nothing'}`]
  },
}

const exactly = /^\d+\.\d+\.\d+(-[\w.]+)?$/
const fromHere = /^\^\d+\.\d+\.\d+$/

export const versionsAreExact: Rule = {
  rule: 'every dependency is pinned exactly, members by their one version; an optional peer may be newer',
  broken: (tree) => {
    const members = new Map(manifestsOf(tree).map(([, { name, version }]) => [name, version]))
    const ownVersions = new Set(members.values())
    return [
      ...dependenciesOf(tree)
        .filter(
          ({ name, version, optionalPeer }) =>
            version !== (members.get(name) ?? (optionalPeer ? fromHere : exactly).exec(version)?.[0]),
        )
        .map(({ path, name, version }) => `${path}: ${name} ${version}`),
      ...(ownVersions.size === 1 ? [] : [`packages: versions ${[...ownVersions].join(', ')}`]),
    ]
  },
}

export const dependenciesHaveReasons: Rule = {
  rule: 'every dependency has a line in docs/dependencies.md, and every line there a dependency',
  broken: (tree) => {
    const page = 'docs/dependencies.md'
    const reasons = new Map(
      [...(tree.get(page) ?? '').matchAll(/^\| `([^`]+)` \| (.*?) \|$/gm)].map((match) => [match[1]!, match[2]!]),
    )
    const needed = new Map(dependenciesOf(tree).map(({ name, path }) => [name, path]))
    return [
      ...[...needed].filter(([name]) => !reasons.get(name)).map(([name, path]) => `${path}: ${name} has no reason`),
      ...[...reasons.keys()].filter((name) => !needed.has(name)).map((name) => `${page}: nothing needs ${name}`),
    ]
  },
}

export const facesAreBuilt: Rule = {
  rule: 'every face of the exports maps has its source and its build (npm run build)',
  broken: (tree) =>
    manifestsOf(tree).flatMap(([path, { exports = {}, bin = {} }]) => {
      const folder = path.slice(0, -'package.json'.length)
      const missing = (file: string): boolean => !tree.has(folder + file.replace('./', ''))
      return [
        ...Object.values(bin).filter(missing),
        ...Object.entries(exports).flatMap(([subpath, face]) => wrongFace(subpath, face, missing)),
      ].map((file) => `${path}: ${file}`)
    }),
}

function wrongFace(
  subpath: string,
  face: string | Readonly<Record<string, string>>,
  missing: (file: string) => boolean,
): string[] {
  if (typeof face === 'string') return missing(face) ? [face] : []
  const { 'memkeep-src': source = '', types = '', default: built = '' } = face
  const module = source.replace('./src/', './dist/').replace(/\.ts$/, '')
  const agree = types === `${module}.d.ts` && built === `${module}.js`
  const order = Object.keys(face).join() === 'memkeep-src,types,default'
  return [
    ...(agree && order ? [] : [`${subpath} does not lead to one module`]),
    ...[source, types, built].filter(missing),
  ]
}

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Path (from the repository's root, with slashes) to text. What a build made (`dist`) stands there by name, with no text. */
export type SourceTree = ReadonlyMap<string, string>

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const textFile = /(\.(ts|mjs|js|sql|json)|(^|\/)dependencies\.md)$/

/** Sources, tests, scripts and manifests of every member, as they lie on the disk. */
export function readSourceTree(): SourceTree {
  const tree = new Map<string, string>()
  for (const place of ['package.json', 'vitest.config.ts', 'docs/dependencies.md']) addFile(tree, place)
  for (const place of ['packages', 'scripts', 'test', 'examples', 'bench']) addFolder(tree, place)
  return tree
}

function addFolder(tree: Map<string, string>, folder: string): void {
  if (!existsSync(join(root, folder))) return
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    if (entry.name === 'node_modules' || path === 'examples/data') continue
    if (entry.isDirectory()) addFolder(tree, path)
    else addFile(tree, path)
  }
}

function addFile(tree: Map<string, string>, path: string): void {
  if (!existsSync(join(root, path))) return
  if (path.includes('/dist/')) tree.set(path, '')
  else if (textFile.test(path)) tree.set(path, readFileSync(join(root, path), 'utf8'))
}

import { posix } from 'node:path'
import type { Import, ParsedModule } from './parsed-module.ts'
import type { SourceTree } from './source-tree.ts'

/** One rule of the design: it names what breaks it, `path: why`, and nothing when the tree keeps it. */
export interface Rule {
  readonly rule: string
  readonly broken: (tree: SourceTree) => string[]
}

export const kernel = 'packages/memkeep/src/'
export const server = 'packages/server/src/'

/** Source that ships, of any member. */
export const isSource = (path: string): boolean => /^packages\/[^/]+\/src\//.test(path)
export const isKernel = (path: string): boolean => path.startsWith(kernel)

/** The kernel's room of a path: a folder of `src`, or `faces` for the files beside them. */
export function roomOf(path: string): string {
  const [first, second] = path.slice(kernel.length).split('/')
  return second === undefined ? 'faces' : first!
}

/** Where a relative import leads, from the repository's root; null for a package or a built-in. */
export function targetOf(module: ParsedModule, { from }: Import): string | null {
  return from?.startsWith('.') === true ? posix.join(posix.dirname(module.path), from) : null
}

/** One line for every import that `wrong` gives a reason against. */
export function brokenImports(
  modules: readonly ParsedModule[],
  wrong: (module: ParsedModule, each: Import, target: string | null) => string | null | undefined,
): string[] {
  return modules.flatMap((module) =>
    module.imports.flatMap((each) => {
      const why = wrong(module, each, targetOf(module, each))
      return why == null ? [] : [`${module.path}: ${why}`]
    }),
  )
}

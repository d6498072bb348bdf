import { createRequire } from 'node:module'

const { resolve } = createRequire(import.meta.url)

/** Whether the kernel finds each of these packages. Loads none. */
export function installed(packages: readonly string[]): boolean {
  return packages.every((name) => {
    try {
      return resolve(name) !== ''
    } catch {
      return false
    }
  })
}

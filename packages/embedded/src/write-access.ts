import { lstatSync, realpathSync, type Stats } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * @param path absolute path of a published PostgreSQL
 * @returns whether only root and the calling user can have written its programs, or can put others in their place
 */
export function onlyOursToWrite(path: string): boolean {
  const real = realpathSync(path)
  const programs = ['bin', 'lib', 'bin/postgres', 'bin/initdb'].map((name) => join(real, name))
  return programs.every((program) => ours(lstatSync(program))) && ancestry(real).every((dir) => keeps(lstatSync(dir)))
}

/** Written by us or by root, and by nobody else since. */
export function ours(stat: Stats): boolean {
  return (stat.uid === 0 || stat.uid === process.getuid?.()) && (stat.mode & 0o022) === 0
}

/** Others cannot rename what lies in it: it is ours, or it is sticky, as the temporary directory is. */
function keeps(stat: Stats): boolean {
  return ours(stat) || (stat.uid === 0 && (stat.mode & 0o1000) !== 0)
}

function ancestry(path: string): string[] {
  const parent = dirname(path)
  return parent === path ? [path] : [path, ...ancestry(parent)]
}

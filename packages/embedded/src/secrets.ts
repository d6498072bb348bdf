import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { unavailable } from './failure.ts'
import type { Layout } from './layout.ts'
import { syncDirectory } from './sync-directory.ts'

/** One random password for each login. */
export interface Secrets {
  readonly admin: string
  readonly app: string
  readonly upkeep: string
}

const names = ['admin', 'app', 'upkeep'] as const

/**
 * @returns null when they have not been made yet
 * @throws Failure when the file is there but is not what was written
 */
export function readSecrets(layout: Layout): Secrets | null {
  let text: string
  try {
    text = readFileSync(layout.secrets, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw unavailable(`Cannot read ${layout.secrets}.`, error)
  }
  const secrets = parse(text)
  if (!secrets) throw unavailable(`${layout.secrets} is damaged: put it back from a backup.`)
  return secrets
}

/** Makes the secrets of a fresh directory. Only the holder of the supervisor lock may call this. They are never changed. */
export function createSecrets(layout: Layout): Secrets {
  const secret = () => randomBytes(32).toString('base64url')
  const secrets: Secrets = { admin: secret(), app: secret(), upkeep: secret() }
  const draft = `${layout.secrets}.new`
  rmSync(draft, { force: true })
  const file = openSync(draft, 'wx', 0o600)
  writeSync(file, `${JSON.stringify(secrets, null, 2)}\n`)
  fsyncSync(file)
  closeSync(file)
  renameSync(draft, layout.secrets)
  syncDirectory(layout.dir)
  return secrets
}

function parse(text: string): Secrets | null {
  try {
    const value = JSON.parse(text) as Record<string, unknown>
    const whole = names.every((name) => typeof value[name] === 'string' && (value[name] as string).length >= 32)
    return whole ? Object.freeze(value as unknown as Secrets) : null
  } catch {
    return null
  }
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unavailable } from './failure.ts'
import type { Layout } from './layout.ts'

/**
 * Takes the supervisor lock in a process of its own: the lock goes through node:sqlite, which warns in whatever process
 * loads it.
 * @returns null when another process holds it. Else a function that lets go of it
 */
export async function holdLock(layout: Layout): Promise<(() => Promise<void>) | null> {
  // This package runs from its sources in the workspace, and compiled where it is installed.
  const program = fileURLToPath(new URL(`./lock-holder${extname(import.meta.url)}`, import.meta.url))
  const log = openSync(layout.log, 'a', 0o600)
  const args = ['--disable-warning=ExperimentalWarning', program, layout.dir]
  const child = spawn(process.execPath, args, { cwd: '/', stdio: ['pipe', 'pipe', log] })
  closeSync(log)
  const ended = once(child, 'close')
  ended.catch(() => {})
  let said = ''
  for await (const text of child.stdout!.setEncoding('utf8')) {
    said += text
    if (said.endsWith('\n')) break
  }
  const release = async () => {
    child.stdin?.end()
    await ended
  }
  if (said === 'held\n') return release
  await release()
  if (said === 'taken\n') return null
  throw unavailable(`Cannot lock ${layout.dir}: see ${layout.log}.`)
}

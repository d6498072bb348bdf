import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stopEmbedded } from '@memkeep/embedded'

const bin = fileURLToPath(new URL('../../../memkeep/bin/memkeep.js', import.meta.url))

/** How one run of the real command ended. */
export interface Run {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  /** Written to stdin, which is then closed. */
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/**
 * Runs the real bin, on the sources, in a process of its own. No MEMKEEP_* variable of the run reaches it; without another
 * wish it searches by words alone, which is fast.
 */
export function memkeep(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return run(process.execPath, ['--conditions=memkeep-src', bin, ...args], options)
}

/** The same through a shell, for arguments that no JavaScript string can be. `words` is shell text. */
export function memkeepInShell(words: string, options: RunOptions = {}): Promise<Run> {
  const command = `exec '${process.execPath}' --conditions=memkeep-src '${bin}' ${words}`
  return run('/bin/bash', ['-c', command], options)
}

function run(program: string, args: readonly string[], { input, env, cwd }: RunOptions): Promise<Run> {
  const child = spawn(program, args, { cwd, env: environmentOf(env) })
  const { promise, resolve, reject } = Promise.withResolvers<Run>()
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  child.once('error', reject)
  child.once('close', (code) => resolve({ code, out, err }))
  // A command that refuses early does not read its input.
  child.stdin.on('error', () => {})
  child.stdin.end(input ?? '')
  return promise
}

/** What a command finds around it. */
export function environmentOf(env: RunOptions['env']): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(MEMKEEP_|NODE_OPTIONS|VITEST)/.test(name))
  return { ...Object.fromEntries(inherited), MEMKEEP_EMBEDDER: 'none', ...env }
}

/** A directory for embedded deployments; their servers and itself are gone after `remove`. */
export function scratchDirectory() {
  const dir = mkdtempSync(join(tmpdir(), 'mk-cli-'))
  const used = new Set<string>()
  return {
    path: (name: string) => join(dir, name),
    /** A place for `--data`. */
    data(name: string): string {
      used.add(name)
      return join(dir, name)
    },
    async remove(): Promise<void> {
      for (const name of used) await stopEmbedded(join(dir, name, 'db')).catch(() => {})
      rmSync(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
    },
  }
}

/** Lines that only a stack trace has, of Node or of this program. */
export const stackTrace = /^\s+at .+[:(].*\d+:\d+|node:internal|failed unexpectedly/m

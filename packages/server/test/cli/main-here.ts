import { Readable } from 'node:stream'
import { main } from '../../src/cli/main.ts'
import { environmentOf, type Run, type RunOptions } from './deployment.ts'

/**
 * Runs `main` in this process, with what it writes caught: fast enough for hundreds of command lines. One at a time. Rejects
 * when `main` does, which it must not. `input` is its stdin; with `env` it sees of MEMKEEP_* variables what a command
 * of its own process would (see `memkeep`), else this process's.
 */
export async function mainHere(args: readonly string[], { input, env }: Omit<RunOptions, 'cwd'> = {}): Promise<Run> {
  const written = { out: '', err: '' }
  const restore = [
    caught('stdout', (text) => (written.out += text)),
    caught('stderr', (text) => (written.err += text)),
    given(Buffer.from(input ?? '')),
    ...(env === undefined ? [] : [surrounded(env)]),
  ]
  try {
    const code = await main(args)
    return { code, ...written }
  } finally {
    for (const back of restore) back()
  }
}

function caught(name: 'stdout' | 'stderr', take: (text: string) => unknown): () => void {
  const stream = process[name]
  const { write } = stream
  stream.write = ((text: string | Uint8Array, ...rest: unknown[]) => {
    take(String(text))
    const done = rest.findLast((each) => typeof each === 'function') as (() => void) | undefined
    done?.()
    return true
  }) as typeof stream.write
  return () => {
    stream.write = write
  }
}

function given(input: Buffer): () => void {
  const own = Object.getOwnPropertyDescriptor(process, 'stdin')!
  Object.defineProperty(process, 'stdin', { ...own, get: () => stdin })
  const stdin = Readable.from(input.length === 0 ? [] : [input])
  return () => {
    Object.defineProperty(process, 'stdin', own)
  }
}

function surrounded(env: RunOptions['env']): () => void {
  const own = process.env
  process.env = environmentOf(env)
  return () => {
    process.env = own
  }
}

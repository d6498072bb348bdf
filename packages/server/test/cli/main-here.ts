import { main } from '../../src/cli/main.ts'
import type { Run } from './deployment.ts'

/**
 * Runs `main` in this process, with what it writes caught: fast enough for hundreds of command lines. One at a time. Rejects
 * when `main` does, which it must not.
 */
export async function mainHere(args: readonly string[]): Promise<Run> {
  const written = { out: '', err: '' }
  const restore = [caught('stdout', (text) => (written.out += text)), caught('stderr', (text) => (written.err += text))]
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

import { type FileHandle, open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { MemkeepError } from '../../core/errors.ts'
import { syncDirectory } from '../../core/synced-directory.ts'
import { judgeShown, readHead, type Shown, type Witness, type WitnessAnswer } from '../witness.ts'

/**
 * An append-only file that remembers every head: on a disk, a share or a machine that whoever can set the database back cannot
 * write, or under `chattr +a`. One line a head, `{"at", "checkpoint"}`; a line that a crash has torn is passed over. Several
 * processes may write it at once. It may be replaced by its last line of each log when it has grown.
 */
export function fileWitness({ path }: { readonly path: string }): Witness {
  const file = resolve(path)
  return {
    name: file,
    file,
    add: (shown) => told(() => add(file, shown)),
    last: (origin) => told(async () => largest(await remembered(file, origin))?.checkpoint ?? null),
  }
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof MemkeepError) throw cause
    throw new MemkeepError('ERR_STORE_UNAVAILABLE', "the witness's file cannot be read or written", { cause })
  }
}

interface Remembered {
  readonly size: number
  readonly root: Uint8Array
  readonly checkpoint: string
  /** The line, to tell one's own. */
  readonly line: string
}

async function add(file: string, shown: Shown): Promise<WitnessAnswer> {
  const { origin, size } = readHead(shown.checkpoint)
  const last = largest(await remembered(file, origin))
  const answer = judgeShown(last, shown)
  if (answer.outcome !== 'seen' || (last !== null && last.size === size)) return answer
  const line = JSON.stringify({ at: Date.now(), checkpoint: shown.checkpoint })
  await append(file, line)
  // Between the look and the line somebody else may have added one: it was not proved that ours continues that.
  const others = (await remembered(file, origin)).filter((each) => each.line !== line)
  const now = largest(others)
  return (now?.size ?? 0) === (last?.size ?? 0) ? answer : { outcome: 'conflict', size: now!.size }
}

const largest = (heads: readonly Remembered[]): Remembered | null =>
  heads.reduce<Remembered | null>((most, head) => (most === null || head.size > most.size ? head : most), null)

const blockBytes = 65_536

/** Heads of this log in the last of the file's blocks that has any; a line that lies in two blocks counts to the earlier. */
async function remembered(file: string, origin: string): Promise<Remembered[]> {
  const handle = await open(file, 'r').catch((error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  })
  if (handle === null) return []
  try {
    // Block by block from the end: a log that grows seldom has its last head far behind those of another in the same file.
    let rest = Buffer.alloc(0)
    for (let end = (await handle.stat()).size; end > 0; ) {
      const from = Math.max(0, end - blockBytes)
      const bytes = Buffer.concat([await read(handle, from, end), rest])
      const first = from === 0 ? 0 : endOfLine(bytes)
      const heads = bytes
        .subarray(first)
        .toString('utf8')
        .split('\n')
        .flatMap((line) => headOf(line, origin))
      if (heads.length > 0) return heads
      // What is longer than any head is none.
      rest = first > blockBytes ? Buffer.alloc(0) : bytes.subarray(0, first)
      end = from
    }
    return []
  } finally {
    await handle.close()
  }
}

async function read(handle: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.alloc(to - from)
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, from + done)
    if (bytesRead === 0) return bytes.subarray(0, done)
    done += bytesRead
  }
  return bytes
}

/** Behind the first newline, or all of it where there is none. */
function endOfLine(bytes: Buffer): number {
  const at = bytes.indexOf(0x0a)
  return at < 0 ? bytes.length : at + 1
}

function headOf(line: string, origin: string): Remembered[] {
  if (!line.includes(JSON.stringify(origin).slice(1, -1))) return []
  try {
    const { checkpoint } = JSON.parse(line) as { checkpoint: string }
    const head = readHead(checkpoint)
    return head.origin === origin ? [{ ...head, checkpoint, line }] : []
  } catch {
    return []
  }
}

/** One write, on disk when it resolves; a torn line before it is ended first. */
async function append(file: string, line: string): Promise<void> {
  const handle = await open(file, 'a+', 0o600)
  try {
    const { size } = await handle.stat()
    const end = Buffer.alloc(1)
    if (size > 0) await handle.read(end, 0, 1, size - 1)
    await handle.appendFile(`${size > 0 && end[0] !== 0x0a ? '\n' : ''}${line}\n`)
    await handle.sync()
    if (size === 0) await syncDirectory(dirname(file))
  } finally {
    await handle.close()
  }
}

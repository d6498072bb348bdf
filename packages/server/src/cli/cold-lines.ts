import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import { MemkeepError } from 'memkeep'
import { endOfFrame } from './zstd-frame.ts'

const mostCharacters = 1_000_000

/**
 * The lines of a zstd file, without their newlines, as they are read: no more than one is held. Throws `ERR_PROOF_INVALID` for what is not
 * one frame of zstd and nothing else, no UTF-8, a line beyond a million characters, and a last line without its end.
 */
export async function* coldLinesOf(path: string): AsyncGenerator<string> {
  const file = await open(path)
  if ((await endOfFrame(file)) !== (await file.stat()).size) {
    await file.close()
    throw new MemkeepError('ERR_PROOF_INVALID', 'the cold file is not one frame of zstd and nothing else')
  }
  const text = createZstdDecompress()
  const read = pipeline(file.createReadStream({ start: 0 }), text)
  read.catch(() => {})
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  try {
    for await (const chunk of text as AsyncIterable<Buffer>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop()!
      if (rest.length > mostCharacters)
        throw new MemkeepError('ERR_PROOF_INVALID', 'a line of the cold file is too long')
      yield* lines
    }
    await read
    rest += decoder.decode()
  } catch (cause) {
    if (cause instanceof MemkeepError) throw cause
    throw new MemkeepError('ERR_PROOF_INVALID', 'the cold file is damaged', { cause })
  }
  if (rest !== '') throw new MemkeepError('ERR_PROOF_INVALID', 'the last line of the cold file is torn')
}

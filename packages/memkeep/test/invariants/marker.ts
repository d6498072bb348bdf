import { randomBytes } from 'node:crypto'
import { type Dirent, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Stands in every marker, and nowhere else. Lower case, as search terms are. */
const stem = 'zqcanaryzq'

/** A text that can be told from every other wherever it is found. */
export function marker(): string {
  return `${stem}${randomBytes(6).toString('hex')}`
}

export type Encoding = 'utf8' | 'upper case' | 'utf16le' | 'utf16be' | 'hex' | 'HEX' | `base64 at ${0 | 1 | 2}`

/** What any marker looks like in each encoding; of base64 the part that does not depend on what stands around it. */
export function encodings(text: string = stem): Record<Encoding, Buffer> {
  const base64 = (offset: number) => {
    const whole = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)])
    const usable = whole.length - (whole.length % 3)
    return Buffer.from(
      whole
        .subarray(0, usable)
        .toString('base64')
        .slice(offset === 0 ? 0 : 4),
    )
  }
  return {
    utf8: Buffer.from(text),
    'upper case': Buffer.from(text.toUpperCase()),
    utf16le: Buffer.from(text, 'utf16le'),
    utf16be: Buffer.from(text, 'utf16le').swap16(),
    hex: Buffer.from(Buffer.from(text).toString('hex')),
    HEX: Buffer.from(Buffer.from(text).toString('hex').toUpperCase()),
    'base64 at 0': base64(0),
    'base64 at 1': base64(1),
    'base64 at 2': base64(2),
  }
}

/** Every place that holds a marker, as `path: encoding`. */
export function sightings(place: string, bytes: Buffer, needles = encodings()): string[] {
  return Object.entries(needles).flatMap(([encoding, needle]) =>
    bytes.includes(needle) ? [`${place}: ${encoding}`] : [],
  )
}

/** The same in names and contents of all files below a directory. Files that go meanwhile are not there. */
export function sightingsBelow(directory: string): { found: string[]; files: number; bytes: number } {
  const answer = { found: [] as string[], files: 0, bytes: 0 }
  const needles = encodings()
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true }) as Dirent[]) {
    const path = join(entry.parentPath, entry.name)
    answer.found.push(...sightings(`name ${path}`, Buffer.from(path), needles))
    if (!entry.isFile()) continue
    let bytes: Buffer
    try {
      bytes = readFileSync(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
      throw error
    }
    answer.files++
    answer.bytes += bytes.length
    answer.found.push(...sightings(path, bytes, needles))
  }
  return answer
}

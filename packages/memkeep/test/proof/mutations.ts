import { decodeEntries, encodeEntries } from '../../src/proof/entry-bundle.ts'
import { parseTilePath } from '../../src/proof/tile-path.ts'

export type Files = ReadonlyMap<string, Uint8Array>

/** Draws from what follows from the seed. */
export class Draw {
  readonly #next: () => number

  constructor(next: () => number) {
    this.#next = next
  }

  below(end: number): number {
    return Math.floor(this.#next() * end)
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)))
  }
}

/** Changes one or two files; may by chance give what was there. */
export type Mutation = (files: Files, draw: Draw) => Map<string, Uint8Array>

const rewrite =
  (change: (bytes: Buffer, draw: Draw, files: Files) => Buffer): Mutation =>
  (files, draw) => {
    const path = draw.of([...files.keys()])
    return new Map([...files, [path, change(Buffer.from(files.get(path)!), draw, files)]])
  }

/** Rewrites the parts of a tile (its hashes) or of a bundle of entries, in some order and number. */
const repack =
  (change: (parts: Uint8Array[], draw: Draw) => Uint8Array[]): Mutation =>
  (files, draw) => {
    const path = draw.of([...files.keys()].filter((each) => each.startsWith('tile/')))
    const tile = parseTilePath(path)
    const bytes = files.get(path)!
    const parts =
      tile.level === 'entries'
        ? decodeEntries(bytes, tile.width)
        : Array.from({ length: tile.width }, (_, i) => bytes.subarray(32 * i, 32 * i + 32))
    const changed = change([...parts], draw)
    return new Map([...files, [path, tile.level === 'entries' ? encodeEntries(changed) : Buffer.concat(changed)]])
  }

/** By name; each run of the test draws one. */
export const mutations: Readonly<Record<string, Mutation>> = {
  'flip a bit': rewrite((bytes, draw) => {
    if (bytes.length > 0) bytes[draw.below(bytes.length)]! ^= 1 << draw.below(8)
    return bytes
  }),
  'drop a file': (files, draw) => {
    const path = draw.of([...files.keys()])
    return new Map([...files].filter(([each]) => each !== path))
  },
  'add a file': (files, draw) => {
    const beside = draw.of([...files.keys()])
    const name = draw.of([
      `${beside}.bak`,
      `${beside}/1`,
      'checkpoints/7',
      'tile/0/000.p/7',
      'tile/1/001',
      `x${draw.below(9)}`,
    ])
    return new Map([...files, [name, files.get(beside)!]])
  },
  truncate: rewrite((bytes, draw) => bytes.subarray(0, draw.below(bytes.length))),
  'cut the front': rewrite((bytes, draw) => bytes.subarray(1 + draw.below(bytes.length))),
  'put bytes behind': rewrite((bytes, draw) => Buffer.concat([bytes, draw.bytes(1 + draw.below(40))])),
  'put a line behind': rewrite((bytes, draw) =>
    Buffer.concat([bytes, Buffer.from(draw.of(['\n', ' ', '\r\n', '\0']))]),
  ),
  'insert bytes': rewrite((bytes, draw) => {
    const at = draw.below(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), draw.bytes(1 + draw.below(4)), bytes.subarray(at)])
  }),
  'take bytes out': rewrite((bytes, draw) => {
    const at = draw.below(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + draw.below(40))])
  }),
  'splice in a piece of another file': rewrite((bytes, draw, files) => {
    const other = Buffer.from(files.get(draw.of([...files.keys()]))!)
    const at = draw.below(bytes.length)
    const length = 1 + draw.below(Math.min(bytes.length - at, other.length))
    other.copy(bytes, at, draw.below(other.length - length + 1), other.length)
    return bytes
  }),
  'swap two files': (files, draw) => {
    const [one, other] = [draw.of([...files.keys()]), draw.of([...files.keys()])]
    return new Map([...files, [one, files.get(other)!], [other, files.get(one)!]])
  },
  'copy a file over another': (files, draw) => {
    const [one, other] = [draw.of([...files.keys()]), draw.of([...files.keys()])]
    return new Map([...files, [one, files.get(other)!]])
  },
  'swap two lines': rewrite((bytes, draw) => {
    const lines = bytes.toString('latin1').split('\n')
    const [one, other] = [draw.below(lines.length), draw.below(lines.length)]
    ;[lines[one], lines[other]] = [lines[other]!, lines[one]!]
    return Buffer.from(lines.join('\n'), 'latin1')
  }),
  'reorder entries or hashes': repack((parts, draw) => {
    const [one, other] = [draw.below(parts.length), draw.below(parts.length)]
    ;[parts[one], parts[other]] = [parts[other]!, parts[one]!]
    return parts
  }),
  'drop an entry or a hash': repack((parts, draw) => parts.toSpliced(draw.below(parts.length), 1)),
  'double an entry or a hash': repack((parts, draw) => {
    const at = draw.below(parts.length)
    return parts.toSpliced(at, 0, parts[at]!)
  }),
  'put one entry or hash in the place of another': repack((parts, draw) =>
    parts.with(draw.below(parts.length), draw.of(parts)),
  ),
}

import { fromBase64, toBase64 } from './base64.ts'
import { fromDecimal } from './decimal.ts'
import { proofInvalid } from './proof-invalid.ts'

const head = 'c2sp.org/tlog-proof@v1'

/** A file `.tlog-proof` (C2SP tlog-proof@v1): everything needed to show offline that one entry is in a log. */
export interface InclusionFile {
  readonly index: number
  readonly proof: readonly Uint8Array[]
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: string
  /** Not covered by any signature. Memkeep puts the entry itself here. */
  readonly extra: Uint8Array | null
}

export function formatInclusionFile({ index, proof, checkpoint, extra }: InclusionFile): string {
  const lines = [
    head,
    ...(extra === null ? [] : [`extra ${toBase64(extra)}`]),
    `index ${index}`,
    ...proof.map(toBase64),
  ]
  return `${lines.join('\n')}\n\n${checkpoint}`
}

/** Throws `ERR_PROOF_INVALID` for anything but the text that `formatInclusionFile` gives. The checkpoint is not looked into. */
export function parseInclusionFile(source: string): InclusionFile {
  const end = source.indexOf('\n\n')
  const [first, ...lines] = source.slice(0, Math.max(end, 0)).split('\n')
  if (end < 0 || first !== head) throw proofInvalid('not a tlog-proof')
  const extra = lines[0]?.startsWith('extra ') ? fromBase64(lines.shift()!.slice(6)) : null
  const index = lines.shift()
  if (!index?.startsWith('index ')) throw proofInvalid('it names no index')
  return {
    index: fromDecimal(index.slice(6)),
    proof: parseHashes(lines),
    checkpoint: source.slice(end + 2),
    extra,
  }
}

/** Hashes as lines of base64, at most 63 of them. Throws `ERR_PROOF_INVALID`. */
export function parseHashes(lines: readonly string[]): Uint8Array[] {
  if (lines.length > 63) throw proofInvalid('it holds too many hashes')
  return lines.map((line) => {
    const hash = fromBase64(line)
    if (hash.length !== 32) throw proofInvalid('a hash is not 32 bytes')
    return hash
  })
}

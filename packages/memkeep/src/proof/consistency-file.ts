import { toBase64 } from './base64.ts'

/** The body of a witness's `add-checkpoint` (C2SP tlog-witness), which is also how a bundle keeps a consistency proof. */
export interface ConsistencyFile {
  readonly oldSize: number
  readonly proof: readonly Uint8Array[]
  /** The newer signed checkpoint, verbatim. */
  readonly checkpoint: string
}

export function formatConsistencyFile({ oldSize, proof, checkpoint }: ConsistencyFile): string {
  return `${[`old ${oldSize}`, ...proof.map(toBase64)].join('\n')}\n\n${checkpoint}`
}

import { toBase64 } from '../../src/proof/base64.ts'
import { signCheckpoint } from '../../src/proof/checkpoint.ts'
import type { ColdEvent } from '../../src/proof/cold-event.ts'
import { formatColdHead, formatColdLine } from '../../src/proof/cold-file.ts'
import { encodeLeaf } from '../../src/proof/ledger-leaf.ts'
import { formatNoteKey, noteKey } from '../../src/proof/note-key.ts'
import { nodeSha256 } from './node-sha256.ts'
import { testSigner } from './test-signer.ts'
import { TiledLog } from './tiled-log.ts'

const signer = testSigner('log')
export const key = noteKey(nodeSha256, 'memkeep.example/log', signer.publicKey)
export const vkey = formatNoteKey(key)
export const principal = 'ab'.repeat(16)
const entryOf = (seq: number) =>
  encodeLeaf({
    v: 1,
    seq,
    at: 1000 + seq,
    op: seq % 3 === 0 ? 'memory.add' : 'memory.get',
    actorClass: 'principal',
    principalTag: principal,
    resource: 'memory',
    outcome: 'ok',
    commit: 'cd'.repeat(32),
  })

const eventOf = (seq: number): ColdEvent | null =>
  seq % 3 === 0
    ? null
    : {
        id: `01900000-0000-7000-8000-${String(seq).padStart(12, '0')}`,
        outcome: 'ok',
        reach: 1,
        subject: 'ef'.repeat(16),
        epoch: 1,
        principal,
        at: 1000 + seq,
        recordedAt: '2026-01-01T00:00:00.000000Z',
        memories: [],
        affected: 0,
        detail: toBase64(Buffer.from('sealed')),
        under: 0,
        keyEpoch: 1,
        keyVersion: 1,
      }

export const size = 400
const log = new TiledLog()
for (let seq = 0; seq < size; seq++) log.append(Buffer.from(entryOf(seq)))

/** The lines of a cold file with a run of a log of 400 leaves, two thirds of them reads. */
export async function fileOf(from: number, to: number): Promise<string[]> {
  const tree = log.tree()
  const checkpoint = await signCheckpoint({ size, root: await tree.root() }, key, signer)
  const head = formatColdHead({ vkey, from, to, checkpoint, proof: await tree.beside(from, to) })
  const seqs = Array.from({ length: to - from }, (_, n) => from + n)
  return [head, ...seqs.map((seq) => formatColdLine({ entry: entryOf(seq), event: eventOf(seq) }))]
}

import { rightBits } from '../core/rights.ts'
import type { Claims } from '../store/token.ts'
import { byteaArray, int8Array, uuidArray } from '../store/wire-arrays.ts'
import type { Known, Plan } from './enumerate.ts'
import { notesOf } from './erasure-record.ts'
import { stepCall } from './step-call.ts'
import { incomplete, type StepInput } from './steps.ts'

/** A row of any reading doorway: its outcome, or something that it brings. */
interface Brought {
  readonly outcome: string | null
  readonly subject?: Buffer | null
  readonly id?: string | null
}

interface Probe {
  readonly doorway: string
  readonly args: readonly unknown[]
  /** Not as the tenant: it would bring what others' shelves hold. */
  readonly ownAlone?: boolean
  /** For the tenant as a whole alone, under its own name: it has no other reach. */
  readonly wideAlone?: boolean
  /** It does not look at the bar: it has to bring nothing, as nothing is there. */
  readonly unbarred?: boolean
}

const first = '00000000-0000-0000-0000-000000000000'

/** Every doorway that brings something of a shelf, asked for what is known of it; under `wide_` for the tenant as a whole. */
function probesOf(
  { subject: shelf, kind }: StepInput['record'],
  { memories, held, artifacts }: Known,
  home: Buffer,
): Probe[] {
  const shelves = byteaArray([shelf])
  return [
    { doorway: 'load', args: [shelf, 0, first, 10] },
    { doorway: 'load_shelves', args: [shelves, 10], wideAlone: true },
    { doorway: 'recall', args: ['memory.search', shelves, int8Array([0]), false, uuidArray(memories), shelves] },
    { doorway: 'export', args: [shelf, first, 10] },
    { doorway: 'held', args: [null, first, 10], ownAlone: true },
    // Without a grant: the bar comes first. For the tenant as a whole the answer would be no other without the bar.
    ...(kind === 'tenant' ? [] : [{ doorway: 'support_read', args: [first, false, null, null, 10], ownAlone: true }]),
    { doorway: 'sealed_rows', args: [2 ** 31 - 1, first, 10], ownAlone: true },
    { doorway: 'artifacts', args: [false, uuidArray(artifacts), null, null, null, 100] },
    { doorway: 'artifacts', args: [true, uuidArray(artifacts), null, null, null, 100] },
    { doorway: 'library', args: [home], ownAlone: true },
    { doorway: 'episodes', args: [10], ownAlone: true, unbarred: true },
    // In the version in which the barrier hid it.
    ...artifacts.map((id) => ({ doorway: 'rebuild_sources', args: [shelf, id, 2], wideAlone: true })),
    ...memories.map((id) => ({ doorway: 'read', args: [id, true] })),
    ...held.map((id) => ({ doorway: 'held', args: [id, first, 1] })),
  ]
}

/**
 * Asks every read path for what the plan knows of the scope, with full clearance and every right that a reading asks for: as its own subject, which must be told
 * that it is barred, and for the tenant as a whole, which must be brought nothing and, where it was erased itself, be told so too. Returns the number of questions. Throws
 * `ERR_ERASURE_INCOMPLETE` naming the path that answered otherwise.
 */
export async function probe(input: StepInput): Promise<number> {
  const { kernel, record } = input
  const { known = { memories: [], held: [], artifacts: [] } } = notesOf<{ plan: Partial<Plan> }>(
    record,
    'enumerate',
  ).plan
  const standing = await enter(input)
  const probes = probesOf(record, known, (await kernel.keyring.deployment()).tag)
  const reach = record.kind === 'tenant' ? 'common' : 'subject'
  for (const { doorway, args, ownAlone = false, wideAlone = false, unbarred = false } of probes) {
    kernel.checkOpen()
    const isRefused = (rows: readonly Brought[]) =>
      rows.length === 1 && rows[0]!.outcome === (unbarred ? 'ok' : 'barred')
    if (!wideAlone && !isRefused(await ask(input, doorway, args, { ...standing, reach }))) throw found(doorway)
    if (ownAlone) continue
    const name = wideAlone ? doorway : `wide_${doorway}`
    const wide = await ask(input, name, args, { ...standing, reach: 'all', shelf: Buffer.alloc(16) })
    const isBrought = wide.some((row) => row.outcome === null && isOf(row, record.subject, known))
    if (isBrought || (record.kind === 'tenant' && !isRefused(wide))) throw found(doorway)
  }
  return probes.reduce((sum, { ownAlone = false, wideAlone = false }) => sum + (ownAlone || wideAlone ? 1 : 2), 0)
}

function isOf({ subject, id }: Brought, shelf: Buffer, { memories, held, artifacts }: Known): boolean {
  return subject?.equals(shelf) === true || [...memories, ...held, ...artifacts].includes(id ?? '')
}

/** What a token must state to be heard today: a tenant that is barred as a whole does not say, and answers that in any case. */
async function enter(input: StepInput): Promise<Pick<Claims, 'tenantEpoch' | 'policyVersion'>> {
  const call = await stepCall(input.kernel, input.record, [])
  const [row] = await input.kernel.doorways.read<{
    readonly outcome: string
    readonly epoch: number | null
    readonly policy_version: number | null
  }>({ doorway: 'enter', ...call })
  return { tenantEpoch: row?.epoch ?? 0, policyVersion: row?.policy_version ?? 0 }
}

async function ask(
  { kernel, record }: StepInput,
  doorway: string,
  args: readonly unknown[],
  stated: Partial<Claims>,
): Promise<Brought[]> {
  const call = await stepCall(kernel, record, args)
  const { read, write, common, review, tenant, support, upkeep } = rightBits
  const rights = read | write | common | review | tenant | support | upkeep | rightBits.export
  const claims = { ...call.claims, ...stated, writable: 7, rights }
  return kernel.doorways.read<Brought & Record<string, unknown>>({ doorway, ...call, claims })
}

function found(doorway: string): Error {
  return incomplete(`the read path ${doorway} does not answer as it must`)
}

import type { ErasureScope } from '../core/erasure.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import type { ErasureRecord } from './erasure-record.ts'

type Ids = NonNullable<ErasureScope['ids']>

/** The ids of a scope, sealed under the deployment's key for as long as its erasure is open: other stores may go by them. */
export async function sealNames({ keyring }: ErasureKernel, id: string, ids: Ids): Promise<Buffer> {
  const key = await (await keyring.deployment()).own()
  return key.seal('name', Buffer.from(JSON.stringify(ids), 'utf8'), contextOf(id))
}

export async function openNames(
  { keyring }: ErasureKernel,
  { id, names }: Pick<ErasureRecord, 'id' | 'names'>,
): Promise<Ids | null> {
  if (names === null) return null
  const key = await (await keyring.deployment()).own()
  return JSON.parse(key.open('name', names, contextOf(id)).toString('utf8')) as Ids
}

function contextOf(id: string): string[] {
  return ['erasure', id, 'names']
}

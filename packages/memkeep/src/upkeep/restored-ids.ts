import type { ErasedPlace, ErasureScope, RestoredNames } from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import type { Keyring } from '../keys/keyring.ts'
import { subjectNameContext, tenantNameContext } from '../keys/subject-name.ts'

/** The tenant's own keys went with it, or this is no name. */
const nameless: readonly string[] = ['ERR_SCOPE_BARRED', 'ERR_TENANT_UNKNOWN', 'ERR_KEY_DESTROYED', 'ERR_SEAL_BROKEN']

/** Whom a restored database says that tags are of; null where it does not, or where those keys are gone. */
export async function restoredIds(
  keyring: Keyring,
  { tenant: tag, kind, subject: shelf }: ErasedPlace,
  { tenant_name, subject_name }: RestoredNames,
): Promise<ErasureScope['ids']> {
  if (tenant_name === null || (kind === 'subject' && subject_name === null)) return null
  try {
    const own = await (await keyring.tenantByTag(tag)).own()
    const tenant = own.open('name', tenant_name, tenantNameContext).toString('utf8')
    if (kind === 'tenant') return { tenant, subject: null }
    return { tenant, subject: own.open('name', subject_name!, subjectNameContext(shelf)).toString('utf8') }
  } catch (error) {
    if (error instanceof MemkeepError && nameless.includes(error.code)) return null
    throw error
  }
}

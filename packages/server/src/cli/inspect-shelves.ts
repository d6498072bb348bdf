import { type Keep, MemkeepError, type ShelfCheck } from 'memkeep'
import type { Finding } from 'memkeep/install'
import { operatorGrant, reembedReach } from '../authn/operator.ts'
import { openKeep, type Place } from '../open-keep.ts'
import { progress, quoted, shown } from './output.ts'

/** What a finding names; the others are counted. */
const mostNamed = 10

/** What stands on the shelves of every tenant, against what this program would put there. Opens every entry. */
export async function inspectShelves(place: Place): Promise<Finding[]> {
  const { keep, says } = await openKeep(place)
  await using _closing = keep
  for (const line of says) progress(line)
  const found: Finding[] = []
  for await (const tenant of openTenants(keep)) {
    progress(`reading the shelves of ${shown(tenant)} ...`)
    try {
      found.push(...judge(tenant, await reembedReach(keep, tenant, null).checkShelves()))
    } catch (error) {
      if (!(error instanceof MemkeepError)) throw error
      found.push(unread(tenant, error))
    }
  }
  return found
}

async function* openTenants(keep: Keep): AsyncGenerator<string> {
  const { tenants } = keep.privileged(operatorGrant('memkeep doctor'))
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await tenants.list(cursor === undefined ? {} : { cursor })
    for (const { tenant, state } of page.items) if (state === 'open') yield tenant
    cursor = page.nextCursor
  }
}

function judge(tenant: string, check: ShelfCheck): Finding[] {
  const { entries, broken, models, withoutVector, ofOtherModels, withoutStems, keys } = check
  const of = `tenant ${tenant}, ${entries + broken.length} memories`
  const made = Object.entries(models).map(([model, count]) => `${count} by ${model}`)
  const reembed = `memkeep reembed --tenant ${quoted(tenant)} --whole-tenant`
  const note = (code: string, message: string, remedy: string): Finding => ({ code, message, remedy, fatal: false })
  const found: Finding[] = []
  if (broken.length > 0) {
    found.push(
      note(
        'entries-broken',
        `${of}: ${broken.length} of them do not open: ${someOf(broken)}`,
        'look at the ledger for who wrote them, and put them back from a backup of the database',
      ),
    )
  }
  if (keys.length > 0) {
    found.push(
      note(
        'shelf-keys-lost',
        `tenant ${tenant}: shelves are not read, as these keys do not open or are gone: ${someOf(keys)}`,
        'put these records back from a backup of the key store',
      ),
    )
  }
  if (ofOtherModels > 0) {
    found.push(
      note(
        'model-other',
        `${of}: vectors ${made.join(', ')}; ${ofOtherModels} not by this program's model`,
        `${reembed} --replace-model`,
      ),
    )
  }
  if (withoutVector > 0 && (check.model !== null || withoutVector < entries)) {
    found.push(
      note(
        'vectors-missing',
        `${of}: ${withoutVector} without a vector; ${made.join(', ') || 'none has one'}`,
        reembed,
      ),
    )
  }
  if (withoutStems > 0 && (check.stems || withoutStems < entries)) {
    found.push(note('stems-missing', `${of}: ${withoutStems} without stems`, reembed))
  }
  if (made.length > 1 && ofOtherModels === 0) {
    const remedy = `when no process uses the former model any more: ${reembed} --drop-former`
    found.push(note('former-vectors', `${of}: vectors ${made.join(', ')}`, remedy))
  }
  return found
}

function someOf(names: readonly string[]): string {
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : ''
  return `${names.slice(0, mostNamed).join(', ')}${more}`
}

function unread(tenant: string, error: MemkeepError): Finding {
  const message = `tenant ${tenant}: ${error.message} (${error.code})`
  return { code: 'shelves-unread', message, remedy: 'see what the error says; its keys may be gone', fatal: false }
}

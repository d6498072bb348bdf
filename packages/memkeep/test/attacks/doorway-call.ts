import pg from 'pg'
import type { AttackedKeep } from './attacked-keep.ts'

interface Argument {
  readonly name: string
  readonly type: string
}

/** What each function of the schema takes, by its name. */
export async function signaturesOf(of: AttackedKeep): Promise<ReadonlyMap<string, readonly Argument[]>> {
  const found = await of.database.query<{ name: string; names: string[] | null; types: string[] }>(
    `select proname as name, proargnames as names, array(select format_type(t, null) from unnest(proargtypes) t) as types
     from pg_proc where pronamespace = 'memkeep'::regnamespace`,
  )
  return new Map(
    found.map(({ name, names, types }) => [name, types.map((type, place) => ({ name: names?.[place] ?? '', type }))]),
  )
}

/** Arguments of a doorway by name; the others are null, but for the detail of its event. */
export type Given = Readonly<Record<string, unknown>>

/** One row of its answer, by column. */
export type Answer = Readonly<Record<string, unknown>> & { readonly outcome: string | null }

/**
 * Calls a doorway as any SQL could. The rows that it answers, as JSON has them, or the SQLSTATE that it ends with.
 */
export async function callDoorway(
  client: pg.Client,
  signatures: ReadonlyMap<string, readonly Argument[]>,
  doorway: string,
  [tenant, token]: readonly [Buffer, Buffer],
  given: Given = {},
): Promise<Answer[] | string> {
  const more = signatures.get(doorway)!.slice(2)
  const stray = Object.keys(given).find((name) => !more.some((each) => each.name === name))
  if (stray !== undefined) throw new Error(`${doorway} takes no ${stray}`)
  const places = ['$1', '$2', ...more.map(({ type }, place) => `$${place + 3}::${type}`)]
  const values = more.map(({ name }) => given[name] ?? (name === 'p_detail' ? Buffer.from('d') : null))
  try {
    const { rows } = await client.query<{ row: Answer | string }>(
      `select to_jsonb(t) as row from memkeep.${doorway}(${places.join(', ')}) t`,
      [tenant, token, ...values],
    )
    // A function of one column answers it bare.
    return rows.map(({ row }) => (typeof row === 'object' && row !== null ? row : { outcome: row }))
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    return error.code ?? 'no code'
  }
}

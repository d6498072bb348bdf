import type pg from 'pg'
import { type AttackedKeep, attempt, claims } from './attacked-keep.ts'

/** Owners of doorways: whom an injection inside one runs as. */
export const doorRoles = ['memkeep_door', 'memkeep_wide_door', 'memkeep_upkeep_door', 'memkeep_erase_door'] as const
export type DoorRole = (typeof doorRoles)[number]

/**
 * Plants, for each owner of doorways, one that can be injected into, as a doorway with dynamic SQL could: `injected_*`
 * opens its token, runs p_before, p_sql and p_after, and writes its audit row. `forgetful_*` opens no token.
 */
export async function plantInjections(keep: AttackedKeep): Promise<void> {
  for (const role of doorRoles) {
    const heads = [
      [`injected_${role}`, `declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, '${role}');`, record],
      [`forgetful_${role}`, 'declare c memkeep.claims;', ''],
    ]
    for (const [name, opening, closing] of heads) {
      const signature = `memkeep.${name}(bytea, bytea, text[], text, text[])`
      await keep.database.query(`create function memkeep.${name}(p_tenant bytea, p_token bytea, p_before text[], p_sql text,
        p_after text[])
        returns setof text language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $f$
        ${opening}
        begin
          for number in 1 .. coalesce(cardinality(p_before), 0) loop execute p_before[number]; end loop;
          return query execute p_sql;
          for number in 1 .. coalesce(cardinality(p_after), 0) loop execute p_after[number]; end loop;
          ${closing}
        end $f$`)
      await keep.database.query(`alter function ${signature} owner to ${role}`)
      await keep.database.query(`grant execute on function ${signature} to memkeep_app`)
    }
  }
}

const record = "perform memkeep.record(c, 'memory.get', 'ok', '{}', 0, 'd');"

export interface Injection {
  readonly as?: DoorRole
  readonly stated?: ReturnType<typeof claims>
  /** Run first, one after the other. */
  readonly before?: readonly string[]
  /** One column of text. */
  readonly sql: string
  readonly after?: readonly string[]
}

/** What the injected SQL brings to a caller who holds one authentic token, or the SQLSTATE it ended with. */
export function inject(
  keep: AttackedKeep,
  attack: Injection,
  client: pg.Client = keep.app,
): Promise<string | string[]> {
  const role = attack.as ?? 'memkeep_door'
  const stated = attack.stated ?? claims()
  const text = `select * from memkeep.injected_${role}($1, $2, $3, $4, $5)`
  const values = [stated.tenant, keep.token(role, stated), attack.before ?? [], attack.sql, attack.after ?? []]
  return attempt(client, text, values)
}

/** An injection that puts other claims in the place of the authentic ones, reads, and puts those back for the audit row. */
export function underClaims(stated: string, sql: string, settings: readonly string[] = []): Injection {
  return {
    before: [
      "select set_config('memkeep.kept', current_setting('memkeep.claims'), true)",
      ...settings,
      `select set_config('memkeep.claims', ${stated}, true)`,
    ],
    sql,
    after: restore,
  }
}

export const restore = ["select set_config('memkeep.claims', current_setting('memkeep.kept'), true)"]

export const hexLiteral = (bytes: Buffer): string => `'\\x${bytes.toString('hex')}'::bytea`

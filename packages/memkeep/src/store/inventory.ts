/**
 * What an erasure does to a column: `row` goes with its row, which is deleted; `cleared` is emptied in a row that stays; `bar`
 * stays with the bar and the record of the erasure until the last backup has gone; `leaf` stays in the ledger, with what no
 * key opens; `none` says nothing of anybody: keys of tokens, the version of the schema.
 */
export type Annotation = 'row' | 'cleared' | 'bar' | 'leaf' | 'none'

/** Columns by what becomes of them. */
type Columns = Readonly<Partial<Record<Annotation, string>>>

/** A table's columns, as `(of a subject) / (of its tenant)` when the two differ. */
export interface TableAnnotation {
  readonly subject: Columns
  readonly tenant: Columns
}

const both = (columns: Columns): TableAnnotation => ({ subject: columns, tenant: columns })

/**
 * Every table and column, and what becomes of it when a subject, and when a tenant, is erased. It is checked against the live
 * catalogue: a table or a column that is not here is a place that nobody erases. Tables with rows that go are named in
 * `delete-scope.sql` and `held-of-scope.sql` too.
 */
export const inventory: Readonly<Record<string, TableAnnotation>> = {
  memory: both({
    row: 'tenant subject id version sensitivity trust actor kind at_ms created_ms updated_ms expires_ms derived_from shelf_version epoch content details entry same',
  }),
  memory_version: both({
    row: 'tenant subject id version sensitivity trust actor kind at_ms created_ms updated_ms expires_ms derived_from epoch content details',
  }),
  removal: both({ row: 'tenant subject shelf_version id sensitivity removed_ms' }),
  request: both({ row: 'tenant subject principal key digest receipt epoch until_ms trusts' }),
  lineage: both({ row: 'tenant subject source derived' }),
  recalled: both({ row: 'tenant subject reader trust noted_ms shown_external shown_user' }),
  aside: both({
    row: 'tenant subject id version sensitivity trust actor kind at_ms created_ms updated_ms expires_ms derived_from epoch content details entry why aside_ms verdict successor line shelf_version stands_above',
  }),
  reviewed: both({ row: 'tenant subject id version' }),
  undistilled: both({ row: 'tenant subject id due_ms' }),
  api_key: both({ row: 'lookup tenant id claims created_ms expires_ms revoked_ms subject used_ms' }),
  support: both({
    row: 'tenant subject id principal stated second requested_ms expires_ms approver approval approved_ms ended_ms',
  }),
  answer: both({ row: 'tenant subject principal key digest answer epoch until_ms' }),
  hold: both({ row: 'tenant id subject reason placed_ms released_ms' }),
  artifact: both({
    row: 'tenant subject id version kind place state sensitivity trust created_ms updated_ms expires_ms derived_from epoch seal content details attempts due_ms failure',
  }),
  contribution: both({ row: 'tenant subject source shelf artifact direct derived' }),
  // What others contributed to as well stays, emptied, until it is rebuilt; it is no tenant's.
  library_entry: both({
    cleared: 'content',
    none: 'tenant id version kind state sensitivity trust contributors created_ms updated_ms seal epoch attempts due_ms failure',
  }),
  library_contribution: both({ row: 'tenant subject source entry home direct' }),
  // Goes when the erasure has told of it.
  unlearned: both({ bar: 'tenant subject cause artifact kind action seal epoch at_ms' }),
  shelf: {
    subject: {
      bar: 'tenant subject epoch state version floor created_ms',
      cleared: 'memories bytes due_ms waits name',
    },
    tenant: { row: 'tenant subject epoch state version floor memories bytes due_ms waits name created_ms' },
  },
  disclosed: {
    // Of principals, and removed within days.
    subject: { none: 'tenant principal from_ms memories' },
    tenant: { row: 'tenant principal from_ms memories' },
  },
  tenant: {
    // A tenant does not go with one of its subjects.
    subject: { none: 'tenant epoch state policy_version policy name created_ms' },
    tenant: { bar: 'tenant epoch state policy_version created_ms', cleared: 'policy name' },
  },
  erasure: both({
    bar: 'tenant id kind subject epoch state after reason asked_by principal scope_commit requested_ms barred_ms done_ms until_ms held_until_ms report seal',
    cleared: 'names',
  }),
  erasure_step: both({ bar: 'tenant erasure step began_ms ended_ms notes mac' }),
  event: both({
    leaf: 'tenant id action outcome reach subject epoch principal at_ms recorded_at memories affected detail class period',
  }),
  pending: both({ leaf: 'tenant id class period xid' }),
  log: both({ leaf: 'tenant line size min_index vkey signed_ms note archived pruning' }),
  log_entry: both({ leaf: 'tenant line seq event class under key_epoch key_version entry' }),
  log_tile: both({ leaf: 'tenant line level index root hashes' }),
  anchor: both({ leaf: 'tenant line size vkey proof head tick witness cosigned' }),
  checkpoint: both({ leaf: 'tenant line size signed_ms note' }),
  erasure_guard: both({ none: 'tenant head' }),
  key_lease: both({ none: 'tenant hold_ms seen_ms' }),
  log_line: both({ none: 'tenant line' }),
  token_key: both({ none: 'id ipad opad from_ms until_ms' }),
}

/** Every `table.column` with what becomes of it; sorted. */
export function annotated(kind: 'subject' | 'tenant'): [column: string, annotation: Annotation][] {
  return Object.entries(inventory)
    .flatMap(([table, kinds]) =>
      Object.entries(kinds[kind]).flatMap(([annotation, columns]) =>
        columns.split(' ').map((column): [string, Annotation] => [`${table}.${column}`, annotation as Annotation]),
      ),
    )
    .sort()
}

/** Tables whose rows an erasure of this kind deletes: each has its own count. */
export function deletedTables(kind: 'subject' | 'tenant'): string[] {
  return Object.entries(inventory)
    .filter(([, kinds]) => kinds[kind].row !== undefined)
    .map(([table]) => table)
    .sort()
}

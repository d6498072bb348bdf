import { randomUUID } from 'node:crypto'
import pg from 'pg'

/** What an unguarded program does: one table in the clear, one statement an operation, no walls, no seal. */
export class Baseline {
  readonly #pool: pg.Pool
  readonly #audited: boolean
  readonly #ids: Map<string, string[]>

  private constructor(pool: pg.Pool, audited: boolean, ids: Map<string, string[]>) {
    this.#pool = pool
    this.#audited = audited
    this.#ids = ids
  }

  /** Two programs over the same rows: one without and one with an audit row in each transaction. */
  static pair(pool: pg.Pool): { bare: Baseline; audited: Baseline } {
    const ids = new Map<string, string[]>()
    return { bare: new Baseline(pool, false, ids), audited: new Baseline(pool, true, ids) }
  }

  static async create(admin: pg.PoolConfig, clients: number): Promise<pg.Pool> {
    const pool = new pg.Pool({ ...admin, max: clients })
    await pool.query(`
      create schema bare;
      create table bare.memory (tenant text, subject text, id uuid, content text, tags text[], created_at timestamptz default now(),
        primary key (tenant, id));
      create index on bare.memory (tenant, subject);
      create table bare.searchable (tenant text, subject text, id uuid, content text, tags text[], created_at timestamptz default now(),
        words tsvector generated always as (to_tsvector('english', content)) stored, primary key (tenant, id));
      create index on bare.searchable (tenant, subject);
      create index on bare.searchable using gin (words);
      create table bare.event (tenant text, id uuid primary key default gen_random_uuid(), at timestamptz default now(), action text, ids uuid[])`)
    return pool
  }

  async fill(subject: string, texts: readonly string[]): Promise<void> {
    const ids = texts.map(() => randomUUID())
    await this.#pool.query(
      "insert into bare.memory (tenant, subject, id, content, tags) select 'acme', $1, i, c, '{}' from unnest($2::uuid[], $3::text[]) as t (i, c)",
      [subject, ids, texts],
    )
    await this.#pool.query(
      `insert into bare.searchable (tenant, subject, id, content, tags) select tenant, subject, id, content, tags from bare.memory
       where tenant = 'acme' and subject = $1 on conflict do nothing`,
      [subject],
    )
    this.#ids.set(subject, ids)
  }

  add(subject: string, text: string): Promise<unknown> {
    return this.addMany(subject, [text])
  }

  addMany(subject: string, texts: readonly string[]): Promise<unknown> {
    const insert =
      "insert into bare.memory (tenant, subject, id, content, tags) select 'acme', $1, i, c, '{}' from unnest($2::uuid[], $3::text[]) as t (i, c)"
    const statement = this.#audited
      ? `with written as (${insert} returning id) insert into bare.event (tenant, action, ids) select 'acme', 'add', array_agg(id) from written`
      : insert
    return this.#pool.query(statement, [subject, texts.map(() => randomUUID()), texts])
  }

  get(subject: string, place: number): Promise<unknown> {
    const ids = this.#ids.get(subject)!
    return this.#select(subject, [ids[place % ids.length]!])
  }

  /** Full-text search by any of the words, ranked by the server: what plain PostgreSQL offers to a program that searches. */
  search(subject: string, query: string): Promise<unknown> {
    const words = query.match(/\w+/g)!.join(' or ')
    const select = `select id, content, tags, created_at from bare.searchable, websearch_to_tsquery('english', $2) q
      where tenant = 'acme' and subject = $1 and words @@ q order by ts_rank(words, q) desc limit 10`
    return this.#pool.query(this.#noted(select, 'search'), [subject, words])
  }

  /** The ten rows of an answer, by a program that already knows which ten: no ranking at all. */
  tenRows(subject: string, place: number): Promise<unknown> {
    const ids = this.#ids.get(subject)!
    return this.#select(
      subject,
      Array.from({ length: 10 }, (_, index) => ids[(place + index * 37) % ids.length]!),
    )
  }

  #select(subject: string, ids: readonly string[]): Promise<unknown> {
    const select =
      "select id, content, tags, created_at from bare.memory where tenant = 'acme' and subject = $1 and id = any ($2)"
    return this.#pool.query(this.#noted(select, 'read'), [subject, ids])
  }

  #noted(select: string, action: string): string {
    if (!this.#audited) return select
    return `with found as materialized (${select}), noted as (insert into bare.event (tenant, action, ids)
      select 'acme', '${action}', array_agg(id) from found) select * from found`
  }
}

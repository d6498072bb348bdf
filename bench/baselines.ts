import { randomUUID } from 'node:crypto'
import pg from 'pg'

/** What an unguarded program does: one table in the clear, one statement an operation, no walls, no seal. */
export class Baseline {
  readonly #pool: pg.Pool
  readonly #audited: boolean
  readonly #ids = new Map<string, string[]>()

  constructor(pool: pg.Pool, audited: boolean) {
    this.#pool = pool
    this.#audited = audited
  }

  static async create(admin: pg.PoolConfig, clients: number): Promise<pg.Pool> {
    const pool = new pg.Pool({ ...admin, max: clients })
    await pool.query(`
      create schema bare;
      create table bare.memory (tenant text, subject text, id uuid, content text, tags text[], created_at timestamptz default now(),
        primary key (tenant, id));
      create index on bare.memory (tenant, subject);
      create table bare.event (tenant text, id uuid primary key default gen_random_uuid(), at timestamptz default now(), action text, ids uuid[])`)
    return pool
  }

  async fill(subject: string, texts: readonly string[]): Promise<void> {
    const ids = texts.map(() => randomUUID())
    await this.#pool.query(
      "insert into bare.memory (tenant, subject, id, content, tags) select 'acme', $1, i, c, '{}' from unnest($2::uuid[], $3::text[]) as t (i, c)",
      [subject, ids, texts],
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
    const statement = this.#audited
      ? `with found as materialized (${select}), noted as (insert into bare.event (tenant, action, ids) select 'acme', 'read', array_agg(id) from found) select * from found`
      : select
    return this.#pool.query(statement, [subject, ids])
  }
}

import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { type AttackedKeep, claims, commonShelf, rememberText, tag } from './attacked-keep.ts'

/** What is barred, and whether its shelves were there before the race. */
export interface Shape {
  readonly bar: 'subject' | 'tenant'
  readonly shelved: boolean
}

/** One call and its answer. `began` and `ended` are places in the order in which this process sent and got them. */
export interface Operation {
  readonly did: 'add' | 'register' | 'rebuild' | 'bar'
  readonly ok: boolean
  readonly began: number
  readonly ended: number
  /** Of an add that was stored: the shelf's tag (hex), and its version then. */
  readonly shelf?: string
  readonly version?: number
}

/** What one race came to. */
export interface Raced {
  readonly history: readonly Operation[]
  /** Versions of the shelves before the race, of those that it wrote. */
  readonly before: ReadonlyMap<string, number>
  /** Memories that the erasure says it deleted, and those that were acknowledged. */
  readonly deleted: number
  readonly acknowledged: number
  /** Rows of the barred scope that are there at the end. */
  readonly memories: number
  /** Artifacts that can be read at the end and say what the barred scope said. */
  readonly artifacts: number
  /** The same of one that was being rebuilt. */
  readonly rebuilt: number
}

export const writers = 6
const bytes = Buffer.from('x')
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Six writers, two jobs that register what they make of the scope's memories for everybody, one that rebuilds what was hidden, against one
 * that erases by the product's own doorways (`request_erasure`, `bar_scope`, `delete_scope`). On two pools of connections.
 */
export class BarredRaces {
  readonly #of: AttackedKeep
  readonly #pools: readonly [pg.Pool, pg.Pool]
  readonly #wait: () => number

  /** `wait` gives numbers in [0, 1): the timing. */
  constructor(of: AttackedKeep, wait: () => number) {
    this.#of = of
    this.#pools = [new pg.Pool({ ...of.database.app, max: 5 }), new pg.Pool({ ...of.database.app, max: 5 })]
    this.#wait = wait
  }

  async stop(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.end()))
  }

  async run(shape: Shape, number: number): Promise<Raced> {
    return new BarredRace(this.#of, this.#pools, this.#wait, shape, `${shape.bar} ${shape.shelved} ${number}`).run()
  }
}

class BarredRace {
  readonly #of: AttackedKeep
  readonly #pools: readonly [pg.Pool, pg.Pool]
  readonly #wait: () => number
  readonly #shape: Shape
  readonly #name: string
  readonly #tenant: Buffer
  readonly #barred: Buffer
  readonly #history: Operation[] = []
  readonly #before = new Map<string, number>()
  /** Memories of the scope that is barred. */
  readonly #said: string[] = []
  #place = 0
  #racing = true
  #deleted = false

  constructor(of: AttackedKeep, pools: readonly [pg.Pool, pg.Pool], wait: () => number, shape: Shape, name: string) {
    this.#of = of
    this.#pools = pools
    this.#wait = wait
    this.#shape = shape
    this.#name = name
    this.#tenant = tag(`tenant ${name}`)
    this.#barred = tag(`barred ${name}`)
  }

  async run(): Promise<Raced> {
    await this.#call(0, 'create_tenant', {}, [bytes, bytes])
    const hidden = this.#shape.shelved ? await this.#hide() : null
    const erasure = await this.#request()
    const delay = this.#wait() * 6
    const work = [
      ...Array.from({ length: writers }, (_, writer) => this.#write(writer)),
      this.#register(0),
      this.#register(1),
    ]
    const rebuilding = hidden === null ? null : this.#rebuild(hidden)
    await sleep(delay)
    await this.#timed('bar', async () => ({
      ok: (await this.#step('bar_scope', [erasure, 1, 1, bytes, 1, bytes])) === 'ok',
    }))
    const deleted = await this.#delete(erasure)
    this.#deleted = true
    await Promise.all(work)
    this.#racing = false
    await rebuilding
    return {
      ...(await this.#left(hidden)),
      deleted,
      history: this.#history,
      before: this.#before,
      acknowledged: this.#said.length,
    }
  }

  /** An artifact of three, one of which has gone: it waits to be rebuilt. Returns its id. */
  async #hide(): Promise<string> {
    const subjects = [this.#barred, tag(`other ${this.#name}`), tag(`third ${this.#name}`)]
    const sources: string[] = []
    for (const subject of subjects) {
      const { id, version } = await this.#add(0, subject)
      sources.push(id)
      if (subject === this.#barred || this.#shape.bar === 'tenant') {
        this.#before.set(subject.toString('hex'), version!)
        this.#said.push(id)
      }
    }
    const { id, outcome } = await this.#made(0, sources)
    if (outcome !== 'ok') throw new Error(`registering ended with ${outcome}`)
    const third = { shelf: subjects[2]! }
    await this.#call(0, 'forget', third, [[sources[2]], false, null, bytes])
    if (this.#said.includes(sources[2]!)) {
      this.#said.splice(this.#said.indexOf(sources[2]!), 1)
      this.#before.set(subjects[2]!.toString('hex'), 2)
    }
    return id
  }

  async #request(): Promise<string> {
    const id = randomUUID()
    const asked = [id, 0, 0, 0, bytes, null, 1, 1, null, bytes]
    const { outcome } = await this.#call(1, 'request_erasure', this.#scope(), asked)
    if (outcome !== 'ok') throw new Error(`the request ended with ${outcome}`)
    return id
  }

  async #write(writer: number): Promise<void> {
    const { bar, shelved } = this.#shape
    for (let refused = 0; refused < 2; ) {
      const subject = bar === 'subject' ? this.#barred : tag(`${this.#name} ${writer} ${shelved ? '' : this.#wait()}`)
      const done = await this.#timed('add', async () => {
        const { id, version } = await this.#add(writer % 2, subject)
        if (version === null) return { ok: false }
        this.#said.push(id)
        return { ok: true, shelf: subject.toString('hex'), version }
      })
      if (!done) refused++
    }
  }

  /** Until it is refused. It names what the barred scope said last. */
  async #register(job: number): Promise<void> {
    for (let refused = 0; refused < 2; ) {
      const source = this.#said.at(-1)
      if (source === undefined) {
        if (this.#deleted) return
        await sleep(1)
        continue
      }
      const done = await this.#timed('register', async () => {
        let outcome = 'conflict'
        while (outcome === 'conflict') ({ outcome } = await this.#made(job, [source]))
        return { ok: outcome === 'ok' }
      })
      if (!done) refused++
    }
  }

  /** Asks for its sources, takes a while, and stores what it made, at whatever version it finds. */
  async #rebuild(id: string): Promise<void> {
    const reach = { reach: 'all', shelf: commonShelf } as const
    for (let version = 2; this.#racing && version < 9; version++) {
      const rows = await this.#rows(1, 'rebuild_sources', reach, [commonShelf, id, version, bytes])
      if (rows.every(({ part }) => part === 0)) {
        if (version === 8) version = 1
        continue
      }
      const content = Buffer.from(
        rows
          .filter(({ part }) => part === 2)
          .map((row) => row.id)
          .join(),
      )
      await sleep(this.#wait() * 6)
      const settled = [commonShelf, id, version, 0, 1, 1, tag('seal'), 1, content, bytes, null, null, bytes]
      await this.#timed('rebuild', async () => ({
        ok: (await this.#call(1, 'settle_rebuild', reach, settled)).outcome === 'ok',
      }))
    }
  }

  async #add(pool: number, subject: Buffer): Promise<{ id: string; version: number | null }> {
    const id = randomUUID()
    const labels = [[0], [1], [1], ['fact'], [1], [null], ['{}'], [bytes], [bytes], [bytes]]
    const token = this.#of.token('remember', claims({ tenant: this.#tenant, shelf: subject }))
    const values = [this.#tenant, token, bytes, [id], ...labels, null, null, null, null, bytes]
    const { rows } = await this.#pools[pool]!.query<{ outcome: string; shelf_version: string }>(rememberText, values)
    return { id, version: rows[0]!.outcome === 'ok' ? Number(rows[0]!.shelf_version) : null }
  }

  async #made(pool: number, sources: readonly string[]): Promise<{ id: string; outcome: string }> {
    const id = randomUUID()
    const labels = ['summary', 0, 1, 1, null, sources, tag('seal'), 1, Buffer.from(sources.join()), bytes, bytes]
    const reach = { reach: 'common', shelf: commonShelf } as const
    const { outcome } = await this.#call(pool, 'register', reach, [commonShelf, null, id, ...labels])
    return { id, outcome }
  }

  async #delete(erasure: string): Promise<number> {
    for (let after: Buffer = Buffer.alloc(0); ; ) {
      const row = await this.#call(1, 'delete_scope', this.#scope(), [erasure, after, 1, bytes])
      if (row.outcome !== 'ok') throw new Error(`the deletion ended with ${row.outcome}`)
      after = row.reached as Buffer
      const isLast = this.#shape.bar === 'subject' || after.every((byte) => byte === 0xff)
      if (isLast) return (JSON.parse(row.totals as string) as { memory: number }).memory
    }
  }

  async #step(doorway: string, args: unknown[]): Promise<string> {
    return (await this.#call(1, doorway, this.#scope(), args)).outcome
  }

  async #timed(
    did: Operation['did'],
    run: () => Promise<Omit<Operation, 'did' | 'began' | 'ended'>>,
  ): Promise<boolean> {
    const began = this.#place++
    const answer = await run()
    this.#history.push({ did, ...answer, began, ended: this.#place++ })
    return answer.ok
  }

  #scope() {
    return this.#shape.bar === 'subject'
      ? ({ shelf: this.#barred } as const)
      : ({ reach: 'all', shelf: commonShelf } as const)
  }

  async #call(pool: number, doorway: string, stated: Parameters<typeof claims>[0], args: unknown[]) {
    return (await this.#rows(pool, doorway, stated, args))[0] as Record<string, unknown> & { outcome: string }
  }

  async #rows(pool: number, doorway: string, stated: Parameters<typeof claims>[0], args: unknown[]) {
    const token = this.#of.token(doorway, claims({ tenant: this.#tenant, ...stated }))
    const values = [this.#tenant, token, ...args]
    const places = values.map((_, index) => `$${index + 1}`).join(', ')
    return (await this.#pools[pool]!.query(`select * from memkeep.${doorway}(${places})`, values)).rows
  }

  async #left(hidden: string | null): Promise<Pick<Raced, 'memories' | 'artifacts' | 'rebuilt'>> {
    const only = this.#shape.bar === 'subject' ? this.#barred : null
    const [row] = await this.#of.database.query<{ n: number }>(
      `select ((select count(*) from memkeep.memory m where m.tenant = $1 and ($2::bytea is null or m.subject = $2))
        + (select count(*) from memkeep.shelf s where s.tenant = $1 and s.state = 0 and ($2 is null or s.subject = $2)))::int as n`,
      [this.#tenant, only],
    )
    const made = await this.#of.database.query<{ id: string; content: Buffer }>(
      'select id, content from memkeep.artifact where tenant = $1 and state = 0',
      [this.#tenant],
    )
    const telling = made.filter(({ content }) => this.#said.some((id) => content.includes(id)))
    const rebuilt = telling.filter(({ id }) => id === hidden).length
    return { memories: row!.n, artifacts: telling.length - rebuilt, rebuilt }
  }
}

/**
 * Where a history differs from the sequential model: shelves whose version counts what was stored, until one bar after which nothing is.
 * The order that the model needs is the one that the answers name (versions, then the bar, then what was refused); it must not
 * turn round any two calls of which one had ended before the other began.
 */
export function contradictions({ history, before }: Raced): string[] {
  const found: string[] = []
  const bar = history.find(({ did }) => did === 'bar')!
  const stored = history.filter(({ did, ok }) => did === 'add' && ok)
  const shelves = new Map<string, Operation[]>()
  for (const add of stored) shelves.set(add.shelf!, [...(shelves.get(add.shelf!) ?? []), add])
  const ordered: Operation[][] = []
  for (const [shelf, adds] of shelves) {
    const order = adds.sort((a, b) => a.version! - b.version!)
    order.forEach(({ version }, place) => {
      if (version !== (before.get(shelf) ?? 0) + 1 + place)
        found.push(`a shelf at version ${version} has no place ${place}`)
    })
    ordered.push([...order, bar])
  }
  const refused = history.filter(({ did, ok }) => !ok && did !== 'rebuild')
  const registered = history.filter(({ did, ok }) => did === 'register' && ok)
  for (const each of refused) ordered.push([bar, each])
  for (const each of registered) ordered.push([each, bar])
  for (const order of ordered) {
    for (let place = 1; place < order.length; place++) {
      const [first, second] = [order[place - 1]!, order[place]!]
      if (second.ended < first.began)
        found.push(`${second.did} (${second.ok}) ended before ${first.did} (${first.ok}) began`)
    }
  }
  return found
}

import { randomUUID } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemkeepError, type MessageInput } from 'memkeep'
import { mintScope } from 'memkeep/trust'
import { mainHere } from '../cli/main-here.ts'
import { Served } from '../support/served.ts'

export const doors = ['library', 'command line', 'server'] as const
export type Door = (typeof doors)[number]

/** A value as it came back, or the code of the refusal. */
export type Outcome = { readonly got: unknown } | { readonly code: string }

/** One deployment with three doors to it: what goes in by one must come out by the others, or be refused by all alike. */
export class ThreeDoors implements AsyncDisposable {
  readonly #served: Served
  readonly #keys = new Map<string, string>()
  readonly #before = { ...process.env }

  private constructor(served: Served) {
    this.#served = served
    Object.assign(process.env, served.environment)
  }

  static async open(): Promise<ThreeDoors> {
    return new ThreeDoors(await Served.start())
  }

  /** Makes a tenant; by the server's door, a key of its subject, which is how a server learns of one. */
  tenant(door: Door, tenant: string, subject: string): Promise<Outcome> {
    if (door === 'command line') return this.#command(['tenant', 'create', '--', tenant])
    return outcomeOf(async () => {
      await this.#served.createTenant(tenant)
      if (door === 'server') await this.#key(tenant, subject)
    })
  }

  add(door: Door, tenant: string, subject: string, line: object): Promise<Outcome> {
    if (door === 'server') return this.#ask('POST', '/v1/memories', tenant, subject, line)
    if (door === 'command line') return this.#import(tenant, subject, line)
    const { content, at, ...options } = line as { content: string; actor: 'user'; at?: string }
    const when = at === undefined ? {} : { at: new Date(at) }
    return outcomeOf(() => this.#memory(tenant, subject).add(content, { ...options, ...when }))
  }

  /** Turns of a talk: the server has no door for them, the others have. */
  addMessage(door: Exclude<Door, 'server'>, tenant: string, subject: string, message: object): Promise<Outcome> {
    if (door === 'command line') return this.#import(tenant, subject, message)
    return outcomeOf(() => this.#memory(tenant, subject).addMessages([message as MessageInput], { session: 's' }))
  }

  search(door: Door, tenant: string, subject: string, query: string, limit?: number): Promise<Outcome> {
    const options = limit === undefined ? {} : { limit }
    if (door === 'server') return this.#ask('POST', '/v1/memories/search', tenant, subject, { query, ...options })
    if (door === 'library') return outcomeOf(() => this.#memory(tenant, subject).search(query, options))
    const more = limit === undefined ? [] : [`--limit=${limit}`]
    return this.#command(['search', `--tenant=${tenant}`, `--subject=${subject}`, '--json', ...more, '--', query])
  }

  /** Everything that one subject holds, as that door shows it, in order. */
  async held(door: Door, tenant: string, subject: string): Promise<readonly Record<string, unknown>[]> {
    const found = await this.#held(door, tenant, subject)
    const plain = JSON.parse(JSON.stringify(found)) as Record<string, unknown>[]
    return plain.sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1))
  }

  async #held(door: Door, tenant: string, subject: string): Promise<readonly unknown[]> {
    if (door === 'library') return (await this.#memory(tenant, subject).list({ limit: 100 })).items
    if (door === 'server') {
      const outcome = await this.#ask('GET', '/v1/memories?limit=100', tenant, subject)
      return 'got' in outcome ? (outcome.got as { items: unknown[] }).items : []
    }
    const { out } = await mainHere(['export', `--tenant=${tenant}`, `--subject=${subject}`])
    const records = out
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]))
    return records.filter(({ type }) => type === 'memory').map(({ type, current, held, ...memory }) => memory)
  }

  #memory(tenant: string, subject: string) {
    return this.#served.keep.for(mintScope({ tenant, subject, principal: { id: 'svc', roles: ['agent'] } }))
  }

  async #ask(method: string, path: string, tenant: string, subject: string, body?: object): Promise<Outcome> {
    return outcomeOf(async () => {
      const key = await this.#key(tenant, subject)
      const answer = await this.#served.ask(method, path, { key, ...(body === undefined ? {} : { body }) })
      if (answer.status >= 400) throw new Refused(answer.body.code)
      return answer.body
    })
  }

  async #key(tenant: string, subject: string): Promise<string> {
    const place = JSON.stringify([tenant, subject])
    const key = this.#keys.get(place) ?? (await this.#served.key(tenant, subject))
    this.#keys.set(place, key)
    return key
  }

  async #import(tenant: string, subject: string, line: object): Promise<Outcome> {
    const file = join(tmpdir(), `mk-line-${randomUUID()}`)
    writeFileSync(file, JSON.stringify(line))
    try {
      const { code, out, err } = await mainHere([
        'import',
        file,
        `--tenant=${tenant}`,
        `--subject=${subject}`,
        '--json',
      ])
      const report = out === '' ? null : (JSON.parse(out) as { bad: { code: string }[] })
      const [bad] = report?.bad ?? []
      return code === 0 ? { got: report } : { code: bad?.code ?? codeIn(err) }
    } finally {
      rmSync(file)
    }
  }

  async #command(args: readonly string[]): Promise<Outcome> {
    const { code, out, err } = await mainHere(args)
    return code === 0 ? { got: args.includes('--json') ? JSON.parse(out) : out } : { code: codeIn(err) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of Object.keys(this.#served.environment)) {
      if (this.#before[name] === undefined) delete process.env[name]
      else process.env[name] = this.#before[name]
    }
    await this.#served[Symbol.asyncDispose]()
  }
}

class Refused extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}

async function outcomeOf(call: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { got: await call() }
  } catch (error) {
    if (error instanceof MemkeepError || error instanceof Refused) return { code: error.code }
    throw error
  }
}

function codeIn(err: string): string {
  return /\((ERR_[A-Z_]+)\)/.exec(err)?.[1] ?? `no code in: ${err}`
}

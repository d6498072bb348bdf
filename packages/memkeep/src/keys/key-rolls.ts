import type { KillPoint } from '../core/seams.ts'
import type { HeldKeys } from './held-keys.ts'
import {
  epochOf,
  erasedEpoch,
  isMark,
  newestGeneration,
  newestVersion,
  newestWrap,
  versionsOf,
} from './newest-version.ts'
import type { WrappedKeys } from './wrapped-keys.ts'

/** Numbers of what wraps a tenant's subject keys (0: none), and of the generation, as they stand. */
export type Newest = Readonly<{ wrap: number; generation: number }>

/** Records that are wrapped anew at a time: each waits for the key store. */
const atOnce = 16

/**
 * Replaces keys that wrap others. A replacement that was broken off shows by itself: more than one stands there; whoever comes
 * next completes it. Several processes may replace at once (see `WrappedKeys`).
 */
export class KeyRolls {
  readonly #wrapped: WrappedKeys
  readonly #held: HeldKeys
  readonly #reach: (point: KillPoint) => void
  #turn: Promise<unknown> = Promise.resolve()

  constructor(wrapped: WrappedKeys, held: HeldKeys, reach: (point: KillPoint) => void) {
    this.#wrapped = wrapped
    this.#held = held
    this.#reach = reach
  }

  async newest(tenant: Buffer): Promise<Newest> {
    const prefix = `tenant/${tenant.toString('hex')}/`
    return {
      wrap: newestWrap(prefix, await this.#wrapped.list(prefix))?.version ?? 0,
      generation: newestGeneration(await this.#wrapped.list('generation/'))?.version ?? 0,
    }
  }

  /** From its answer on no key `tenant/<tag>/wrap/<n>` with n up to `upTo` stands there. */
  async replaceWraps(tenant: Buffer, upTo: number): Promise<void> {
    const prefix = `tenant/${tenant.toString('hex')}/`
    const stand = async () => namesBy(newestWrap, prefix, await this.#wrapped.list(prefix))
    if ((await stand()).every(({ version }) => version > upTo)) return
    const { version } = (await stand()).at(-1)!
    if (version <= upTo) await this.#wrapped.make(`${prefix}wrap/${version + 1}`)
    this.#held.drop(`${prefix}wrap/`)
    this.#reach('keys.wrap-made')
    const old = (await stand()).slice(0, -1)
    await this.#rewrapAll(async () => [
      ...(await this.#wrapped.list(`subject/${tenant.toString('hex')}/`)),
      ...(await this.#wrapped.list(versionsOf(tenant))),
    ])
    this.#reach('keys.subjects-rewrapped')
    // Not those that somebody has replaced since: what stands under them is not wrapped anew yet.
    for (const { name } of old) await this.#wrapped.remove(name)
    this.#held.drop(`${prefix}wrap/`)
  }

  /** From its answer on no generation up to `upTo` stands there, and the roots that wrapped them are destroyed, if the root can. */
  replaceGenerations(upTo: number): Promise<{ roots: readonly string[]; at: Date | null }> {
    const run = this.#turn.then(() => this.#replaceGenerations(upTo))
    this.#turn = run.catch(() => {})
    return run
  }

  async #replaceGenerations(upTo: number): Promise<{ roots: readonly string[]; at: Date | null }> {
    const { root } = this.#wrapped
    if (root.renew === undefined || root.destroy === undefined) return { roots: [], at: null }
    const stand = async () =>
      namesBy((_, names) => newestGeneration(names), 'generation/', await this.#wrapped.list('generation/'))
    if ((await stand()).every(({ version }) => version > upTo)) return { roots: [], at: new Date(0) }
    const { name, version } = (await stand()).at(-1)!
    if (version <= upTo) {
      // A renewal that was broken off is used, not repeated.
      if ((await this.#wrapped.wrapperOf(name)) === root.id) await root.renew()
      this.#reach('keys.root-renewed')
      await this.#wrapped.make(`generation/${version + 1}`)
    }
    this.#held.drop('generation/')
    this.#reach('keys.generation-made')
    const superseded = (await stand()).slice(0, -1)
    await this.#rewrapAll(async () => [
      ...(await this.#wrapped.list('deployment/')),
      ...(await this.#wrapped.list('tenant/')),
    ])
    this.#reach('keys.tenants-rewrapped')
    const roots: string[] = []
    let at = new Date(0)
    // As in `replaceWraps`.
    for (const old of superseded) {
      const id = await this.#wrapped.wrapperOf(old.name)
      if (id !== null && id !== root.id) {
        const gone = await root.destroy(id)
        if (gone > at) at = gone
        roots.push(id)
      }
      this.#reach('keys.root-destroyed')
      await this.#wrapped.remove(old.name)
    }
    this.#held.drop('generation/')
    return { roots, at }
  }

  /** Until a pass finds nothing that stands under an old parent. */
  async #rewrapAll(list: () => Promise<string[]>): Promise<void> {
    for (let changed = true; changed; ) {
      changed = false
      const names = (await list()).filter((name) => !isMark(name))
      for (let at = 0; at < names.length; at += atOnce) {
        const tried = await Promise.allSettled(names.slice(at, at + atOnce).map((name) => this.#rewrap(name)))
        for (const each of tried) {
          if (each.status === 'rejected') throw each.reason
          changed ||= each.value
        }
      }
    }
  }

  /** False when it stands under the newest parent already. */
  async #rewrap(name: string): Promise<boolean> {
    if (!(await this.#wrapped.rewrap(name))) return false
    // An erasure that deleted the record while it was written anew looked before: it is deleted here.
    if (await this.#isErased(name)) await this.#wrapped.remove(name)
    return true
  }

  async #isErased(name: string): Promise<boolean> {
    const [kind, tenant, owner] = name.split('/')
    if (kind === 'deployment') return false
    const prefix = `tenant/${tenant}/`
    const names = await this.#wrapped.list(prefix)
    const erased = erasedEpoch(prefix, names)
    if (erased > 0 && (newestVersion(prefix, names)?.epoch ?? 0) <= erased) return true
    if (kind === 'tenant') return false
    const own = `${kind}/${tenant}/${owner}/`
    const epoch = epochOf(own, name)
    // A name without an epoch is never that of an erased one.
    return epoch !== null && epoch <= erasedEpoch(own, await this.#wrapped.list(own))
  }
}

/** Those names that have the form, by their numbers, lowest first. */
function namesBy(
  newest: (prefix: string, names: readonly string[]) => { readonly name: string; readonly version: number } | null,
  prefix: string,
  names: readonly string[],
): { readonly name: string; readonly version: number }[] {
  const found = names.map((name) => newest(prefix, [name])).filter((each) => each !== null)
  return found.sort((a, b) => a.version - b.version)
}

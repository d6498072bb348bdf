import { expect, it } from 'vitest'
import type { KeyStore } from '../../src/keys/key-store.ts'
import { keyPlace } from './key-place.ts'
import { expectOpens, runChild } from './key-processes.ts'

const processes = 6
const tenants = ['acme', 'globex', '*', 'initech']
const subjects = ['ana', 'ben', '*']

it('of processes that make the same root, tenants and subjects at once, one wins and all use the same keys', async () => {
  const place = keyPlace()
  const startAtMs = Date.now() + 1500
  const order = { directory: place.directory, tenants, subjects, startAtMs }
  const ends = await Promise.all(Array.from({ length: processes }, () => runChild(order)))
  for (const { code, errors, results } of ends) {
    expect(errors).toBe('')
    expect(code).toBe(0)
    expect(results.length).toBe(tenants.length * subjects.length)
  }
  const results = ends.flatMap((end) => end.results)
  const ring = place.openRing()
  for (const result of results) await expectOpens(ring, result)
  for (const tenant of tenants) {
    const created = results.filter((result) => result.tenant === tenant && result.subject === 'ana' && result.created)
    expect(created.length, 'exactly one process created the tenant').toBe(1)
  }
  // generation, deployment tag, token root; three for each tenant and the deployment; one for each subject
  expect((await place.store.list('')).length).toBe(3 + 3 * (tenants.length + 1) + tenants.length * subjects.length)
})

it('who replaces what wraps the keys of a tenant while another does is not stopped by that one having been faster', async () => {
  const place = keyPlace()
  const { keys } = await place.openRing().createTenant('acme')
  const subject = keys.subjectTag('ana')
  const sealed = (await keys.forWriting(subject)).seal('content', Buffer.from('tea'), [])
  const [tag, own] = [keys.tag.toString('hex'), subject.toString('hex')]
  const erased = { tenant: keys.tag, subject: keys.subjectTag('ben') }
  await keys.forWriting(erased.subject)
  await place.openRing().destruction.deleteRecords(erased, 1)
  let others = 0
  /** The other one is done between the look at a record and the look at what it was wrapped by. */
  const overtaken: KeyStore = {
    putIfAbsent: (name, bytes) => place.store.putIfAbsent(name, bytes),
    replace: (name, bytes) => place.store.replace(name, bytes),
    list: (prefix) => place.store.list(prefix),
    delete: (name) => place.store.delete(name),
    async get(name) {
      const bytes = await place.store.get(name)
      if (name === `subject/${tag}/${own}/1/1` && others++ === 0) {
        await place.openRing().destruction.replaceWraps(erased, 1)
      }
      return bytes
    },
  }
  await place.openRing({ store: overtaken }).destruction.replaceWraps(erased, 1)
  expect(others).toBeGreaterThan(1)
  expect(await place.store.list(`tenant/${tag}/wrap/`)).toEqual([`tenant/${tag}/wrap/2`])
  const again = await (await place.openRing().tenant('acme')).forWriting(subject)
  expect(`${again.open('content', sealed, [])}`).toBe('tea')
})

it.each(['keys.wrap-made', 'keys.generation-made'] as const)(
  'what another one has begun to replace (%s) stays until that one has wrapped everything anew',
  async (made) => {
    const place = keyPlace()
    const { keys } = await place.openRing().createTenant('acme')
    const subject = keys.subjectTag('ana')
    const sealed = (await keys.forWriting(subject)).seal('content', Buffer.from('tea'), [])
    const [ben, cem] = ['ben', 'cem'].map((name) => ({ tenant: keys.tag, subject: keys.subjectTag(name) })) as [
      { tenant: Buffer; subject: Buffer },
      { tenant: Buffer; subject: Buffer },
    ]
    for (const { subject } of [ben, cem]) await keys.forWriting(subject)
    await place.openRing().destruction.deleteRecords(ben, 1)
    const killed = (point: string) => {
      if (point === made) throw new Error('killed')
    }
    const rewrapped = made === 'keys.wrap-made' ? 'keys.subjects-rewrapped' : 'keys.tenants-rewrapped'
    let state: 'before' | 'now' | 'done' = 'before'
    /** Once the first has wrapped everything anew, the other one makes the next, and is killed. */
    const store: KeyStore = {
      putIfAbsent: (name, bytes) => place.store.putIfAbsent(name, bytes),
      replace: (name, bytes) => place.store.replace(name, bytes),
      get: (name) => place.store.get(name),
      delete: (name) => overtake().then(() => place.store.delete(name)),
      list: (prefix) => overtake().then(() => place.store.list(prefix)),
    }
    async function overtake(): Promise<void> {
      if (state !== 'now') return
      state = 'done'
      const other = place.openRing({ reach: killed })
      await other.destruction.deleteRecords(cem, 1)
      await expect(other.destruction.destroyWrappers(cem, 1)).rejects.toThrow('killed')
    }
    const reach = (point: string) => {
      if (point === rewrapped) state = 'now'
    }
    await place.openRing({ store, reach }).destruction.destroyWrappers(ben, 1)
    expect(state).toBe('done')
    const again = await (await place.openRing().tenant('acme')).forWriting(subject)
    expect(`${again.open('content', sealed, [])}`).toBe('tea')
  },
)

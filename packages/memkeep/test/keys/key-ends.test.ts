import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { directoryKeyStore, localKeys } from '../../src/keys/drivers/local.ts'
import { HeldKeys } from '../../src/keys/held-keys.ts'
import type { KeyProvider } from '../../src/keys/key-provider.ts'
import type { KeyStore } from '../../src/keys/key-store.ts'
import { Keyring } from '../../src/keys/keyring.ts'
import { WrappedKeys } from '../../src/keys/wrapped-keys.ts'
import { freshDirectory, refusalOf } from './key-place.ts'

// The ends of keys that no erasure reaches by its usual way: asked for out of turn, met halfway by another process, or put back.

interface Place {
  readonly store: KeyStore
  readonly root: KeyProvider
}

function place(): Place {
  const dir = freshDirectory()
  return { store: directoryKeyStore({ dir: join(dir, 'store') }), root: localKeys({ file: join(dir, 'root.key') }) }
}

function ringOn({ store, root }: Place): Keyring {
  const ring = new Keyring({ provider: root, store, clock: systemClock, reach: () => {}, holdMs: 1000 })
  onTestFinished(() => ring.close())
  return ring
}

async function ownerIn(ring: Keyring, subject = 'ana') {
  const { keys } = await ring.createTenant('acme')
  await keys.forWriting(keys.subjectTag(subject))
  return { tenant: keys.tag, subject: keys.subjectTag(subject) }
}

it('what wraps a key is not destroyed before the key is deleted', async () => {
  const ring = ringOn(place())
  const owner = await ownerIn(ring)
  expect(await refusalOf(() => ring.destruction.destroyWrappers(owner, 1))).toBe('ERR_KEY_UNAVAILABLE')
})

it('a key that stands is not gone, one that was deleted is, and one that cannot be looked for is neither', async () => {
  const where = place()
  const ring = ringOn(where)
  const owner = await ownerIn(ring)
  const [name] = await ring.destruction.handles(owner, 1)
  expect(await ring.destruction.isGone(name!)).toBe(false)
  await ring.destruction.deleteRecords(owner, 1)
  expect(await ring.destruction.isGone(name!)).toBe(true)
  const broken: KeyStore = {
    get: () => Promise.reject(new Error('the disk is away')),
    putIfAbsent: (key, record) => where.store.putIfAbsent(key, record),
    replace: (key, record) => where.store.replace(key, record),
    delete: (key) => where.store.delete(key),
    list: (prefix) => where.store.list(prefix),
  }
  expect(await refusalOf(() => ringOn({ ...where, store: broken }).destruction.isGone(name!))).toBe(
    'ERR_KEY_UNAVAILABLE',
  )
})

it('whom no key was made for is erased all the same, and nothing is made for it', async () => {
  const where = place()
  const ring = ringOn(where)
  const owner = { tenant: Buffer.alloc(16, 7), subject: Buffer.alloc(16, 9) }
  expect(await ring.destruction.deleteRecords(owner, 1)).toBe(0)
  expect(await ring.destruction.destroyWrappers(owner, 1)).toEqual({ roots: [], at: new Date(0) })
  const names = await where.store.list('')
  expect(names).toEqual([`subject/${'07'.repeat(16)}/${'09'.repeat(16)}/erased/1`])
})

it('a subject that is erased while its first key is made gets none', async () => {
  const where = place()
  const tag = await ownerIn(ringOn(where), 'ben').then(({ tenant }) => tenant.toString('hex'))
  let erased = false
  const raced: KeyStore = {
    get: (name) => where.store.get(name),
    replace: (name, record) => where.store.replace(name, record),
    delete: (name) => where.store.delete(name),
    list: (prefix) => where.store.list(prefix),
    async putIfAbsent(name, record) {
      const made = await where.store.putIfAbsent(name, record)
      if (name.startsWith(`subject/${tag}/`) && name.endsWith('/1/1')) {
        erased = true
        const mark = Buffer.from('{"v":1,"erased":true}\n')
        await where.store.putIfAbsent(`${name.slice(0, -'1/1'.length)}erased/1`, mark)
      }
      return made
    },
  }
  const keys = await ringOn({ ...where, store: raced }).tenant('acme')
  expect(await refusalOf(() => keys.forWriting(keys.subjectTag('eve')))).toBe('ERR_KEY_DESTROYED')
  expect(erased).toBe(true)
  const left = await where.store.list(`subject/${tag}/${keys.subjectTag('eve').toString('hex')}/`)
  expect(left.filter((name) => !name.endsWith('/erased/1'))).toEqual([])
})

it('an erased key that was put back is wrapped anew for nobody: it is deleted', async () => {
  const where = place()
  const ring = ringOn(where)
  const owner = await ownerIn(ring)
  const [name] = await ring.destruction.handles(owner, 1)
  const record = (await where.store.get(name!))!
  await ring.destruction.deleteRecords(owner, 1)
  await where.store.replace(name!, record)
  await ring.destruction.destroyWrappers(owner, 1)
  expect(await where.store.get(name!)).toBe(null)
})

it('nor is a key of an erased tenant', async () => {
  const where = place()
  const ring = ringOn(where)
  const { tenant } = await ownerIn(ring)
  const other = await ring.createTenant('globex')
  const owner = { tenant, subject: null }
  const own = `tenant/${tenant.toString('hex')}/tag`
  const record = (await where.store.get(own))!
  await ring.destruction.deleteRecords(owner, 1)
  await where.store.replace(own, record)
  const { roots } = await ring.destruction.destroyWrappers(owner, 1)
  expect(roots).toHaveLength(1)
  expect(await where.store.get(own)).toBe(null)
  expect(await where.store.list(`tenant/${other.keys.tag.toString('hex')}/`)).not.toEqual([])
})

it('a record whose name says no epoch, a later build’s, is wrapped anew and taken for no erased one', async () => {
  const where = place()
  const ring = ringOn(where)
  const owner = await ownerIn(ring)
  const name = `subject/${owner.tenant.toString('hex')}/${'09'.repeat(16)}/later`
  const holding = () => {
    const held = new HeldKeys(systemClock, 1000)
    onTestFinished(() => held.close())
    return new WrappedKeys(where.root, where.store, held)
  }
  await holding().make(name)
  const before = (await holding().open(name)).derive('own')
  const under = await holding().wrapperOf(name)
  await ring.destruction.deleteRecords(owner, 1)
  await ring.destruction.destroyWrappers(owner, 1)
  expect(await holding().wrapperOf(name)).not.toBe(under)
  expect((await holding().open(name)).derive('own')).toEqual(before)
})

it('a root that stays as it was is not destroyed, and not said to be', async () => {
  const where = place()
  const { root } = where
  const still: KeyProvider = {
    get id() {
      return root.id
    },
    wrap: (key, context) => root.wrap(key, context),
    unwrap: (wrapped, context, id) => root.unwrap(wrapped, context, id),
    renew: async () => root.id,
    destroy: () => Promise.reject(new Error('nobody asks for this')),
  }
  const ring = ringOn({ ...where, root: still })
  const owner = await ownerIn(ring)
  await ring.destruction.deleteRecords(owner, 1)
  expect((await ring.destruction.destroyWrappers(owner, 1)).roots).toEqual([])
})

it('a store that lost its generation makes no other one beside what stands there', async () => {
  const where = place()
  await ownerIn(ringOn(where))
  await where.store.delete('generation/1')
  expect(await refusalOf(() => ringOn(where).createTenant('globex'))).toBe('ERR_KEY_DESTROYED')
  expect(await where.store.list('generation/')).toEqual([])
})

it('a log key signs nothing once it was put away', async () => {
  const ring = ringOn(place())
  const { tenant } = await ownerIn(ring)
  const key = await ring.logKey(tenant, 1)
  expect(await key.sign(Buffer.from('a head'))).toHaveLength(64)
  key.destroy()
  expect(await refusalOf(() => key.sign(Buffer.from('a head')))).toBe('ERR_KEY_UNAVAILABLE')
})

it('a key store that no guard has looked at knows of no head', async () => {
  const ring = ringOn(place())
  expect(await ring.guardHead()).toBe(null)
  await ring.setGuardHead('abc')
  expect(await ring.guardHead()).toBe('abc')
})

it('a root of another id that cannot be renewed opens nothing here', async () => {
  const where = place()
  const { root } = where
  const plain = (id: string): KeyProvider => ({
    id,
    wrap: (key, context) => root.wrap(key, context),
    unwrap: (wrapped, context) => root.unwrap(wrapped, context, root.id),
  })
  await ownerIn(ringOn({ ...where, root: plain('one') }))
  expect(await refusalOf(() => ringOn({ ...where, root: plain('one') }).tenant('acme'))).toBe('success')
  expect(await refusalOf(() => ringOn({ ...where, root: plain('two') }).tenant('acme'))).toBe('ERR_KEY_UNAVAILABLE')
})

it('a record that is read just before its parent is replaced is read again', async () => {
  const where = place()
  const ring = ringOn(where)
  const owner = await ownerIn(ring)
  const keys = await ring.tenant('acme')
  await keys.forWriting(keys.subjectTag('ben'))
  const name = `subject/${keys.tag.toString('hex')}/${keys.subjectTag('ben').toString('hex')}/1/1`
  const before = (await where.store.get(name))!
  await ring.destruction.deleteRecords(owner, 1)
  await ring.destruction.destroyWrappers(owner, 1)
  let stale = [before]
  const late: KeyStore = {
    get: async (asked) => (asked === name ? stale.shift() : undefined) ?? where.store.get(asked),
    putIfAbsent: (asked, record) => where.store.putIfAbsent(asked, record),
    replace: (asked, record) => where.store.replace(asked, record),
    delete: (asked) => where.store.delete(asked),
    list: (prefix) => where.store.list(prefix),
  }
  const read = async () => {
    const again = await ringOn({ ...where, store: late }).tenant('acme')
    await again.forOpening(again.subjectTag('ben'), 1, 1)
  }
  expect(await refusalOf(read)).toBe('success')
  // One that stays as it was has no parent any more.
  stale = [before, before]
  expect(await refusalOf(read)).toBe('ERR_KEY_DESTROYED')
})

it('a root that answers anything but that its key was destroyed has not destroyed it', async () => {
  const where = place()
  const answering = (unwrap: KeyProvider['unwrap']): KeyProvider => ({
    id: 'one',
    wrap: (key, context) => where.root.wrap(key, context),
    unwrap,
  })
  for (const unwrap of [async () => Buffer.alloc(32), () => Promise.reject(new Error('the line is down'))]) {
    expect(await ringOn({ ...where, root: answering(unwrap) }).destruction.isRootGone('one')).toBe(false)
  }
})

it('a tag is the same after so many others that it was forgotten', async () => {
  const ring = ringOn(place())
  const first = await ring.tenantTag('tenant 0')
  const seen = new Set<string>()
  for (let each = 1; each <= 10_001; each++) seen.add((await ring.tenantTag(`tenant ${each}`)).toString('hex'))
  expect(seen.size).toBe(10_001)
  expect(await ring.tenantTag('tenant 0')).toEqual(first)
})

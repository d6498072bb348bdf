import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { MemkeepError } from '../../src/core/errors.ts'
import type { KillPoint } from '../../src/core/seams.ts'
import { localKeys } from '../../src/keys/drivers/local.ts'
import { HeldKeys } from '../../src/keys/held-keys.ts'
import type { KeyProvider } from '../../src/keys/key-provider.ts'
import type { KeyStore } from '../../src/keys/key-store.ts'
import { Keyring } from '../../src/keys/keyring.ts'
import { WrappedKeys } from '../../src/keys/wrapped-keys.ts'
import { freshDirectory, type KeyPlace, keyPlace, refusalOf } from './key-place.ts'

const secretText = Buffer.from('prefers window seats')

describe('tenants', () => {
  it('exist from their creation on, and are created once', async () => {
    const place = keyPlace()
    const reached: KillPoint[] = []
    const ring = new Keyring({ ...place, reach: (point) => reached.push(point) })
    expect(await refusalOf(() => ring.tenant('acme'))).toBe('ERR_TENANT_UNKNOWN')
    expect(await refusalOf(() => ring.tenantByTag(Buffer.alloc(16, 1)))).toBe('ERR_TENANT_UNKNOWN')
    const { keys, created } = await ring.createTenant('acme')
    expect([created, keys.epoch]).toEqual([true, 1])
    expect((await ring.createTenant('acme')).created).toBe(false)
    expect(await ring.tenantTag('acme')).toEqual(keys.tag)
    expect((await ring.tenantByTag(keys.tag)).subjectTag('ana')).toEqual(keys.subjectTag('ana'))
    await keys.forWriting(keys.subjectTag('ana'))
    await keys.forWriting(keys.subjectTag('ana'))
    expect(reached).toEqual(['keys.tenant-created', 'keys.subject-created'])
    ring.close()
  })

  it('records are named by tags and numbers, never by ids', async () => {
    const place = keyPlace()
    const ring = place.openRing()
    const { keys } = await ring.createTenant('acme')
    const subject = keys.subjectTag('ana')
    await keys.forWriting(subject)
    await ring.tokenKey(0)
    const tenant = keys.tag.toString('hex')
    const names = [
      'deployment/tag',
      'deployment/token',
      'generation/1',
      `subject/${tenant}/${subject.toString('hex')}/1/1`,
      `tenant/${tenant}/1/1`,
      `tenant/${tenant}/tag`,
      `tenant/${tenant}/wrap/1`,
    ]
    expect(await place.store.list('')).toEqual(names.sort())
  })

  it('one call serves all who ask at once', async () => {
    const place = keyPlace()
    const ring = place.openRing()
    const made = await Promise.all(Array.from({ length: 20 }, () => ring.createTenant('acme')))
    expect(made.filter(({ created }) => created).length).toBe(1)
    const keys = made[0]!.keys
    const subject = keys.subjectTag('ana')
    const dataKeys = await Promise.all(Array.from({ length: 20 }, () => keys.forWriting(subject)))
    expect(new Set(dataKeys).size).toBe(1)
    const deployments = await Promise.all(Array.from({ length: 20 }, () => ring.deployment()))
    expect(new Set(deployments).size).toBe(1)
  })

  it('keys of a subject, of the common shelf and of the tenant itself are different ones', async () => {
    const { keys } = await keyPlace().openRing().createTenant('acme')
    const all = [await keys.own(), await keys.forWriting(keys.commonTag), await keys.forWriting(keys.subjectTag('ana'))]
    for (const sealer of all) {
      const record = sealer.seal('name', secretText, ['x'])
      for (const opener of all) {
        const expected = opener === sealer ? 'success' : 'ERR_SEAL_BROKEN'
        expect(await refusalOf(() => opener.open('name', record, ['x']))).toBe(expected)
      }
    }
  })

  it('what was sealed opens in another process’s keyring', async () => {
    const place = keyPlace()
    const { keys } = await place.openRing().createTenant('acme')
    const subject = keys.subjectTag('ana')
    const written = await keys.forWriting(subject)
    const record = written.seal('content', secretText, ['x'])
    const own = (await keys.own()).seal('name', secretText, [])
    const again = await place.openRing().tenant('acme')
    expect((await again.forOpening(subject, written.epoch, written.version)).open('content', record, ['x'])).toEqual(
      secretText,
    )
    expect((await again.own()).open('name', own, [])).toEqual(secretText)
  })

  it('tags of the wrong length are refused', async () => {
    const ring = keyPlace().openRing()
    const { keys } = await ring.createTenant('acme')
    expect(await refusalOf(() => ring.tenantByTag(Buffer.alloc(15)))).toBe('ERR_INPUT_INVALID')
    expect(await refusalOf(() => keys.forWriting(Buffer.alloc(17)))).toBe('ERR_INPUT_INVALID')
    expect(await refusalOf(() => keys.forOpening(Buffer.alloc(0), 1, 1))).toBe('ERR_INPUT_INVALID')
  })

  it('a hold time too short to work with is refused', async () => {
    for (const holdMs of [999, 0, -1, Number.NaN]) {
      expect(await refusalOf(() => keyPlace().openRing({ holdMs }))).toBe('ERR_INPUT_INVALID')
    }
  })
})

describe('the deployment’s keys', () => {
  it('are made once, and are no tenant’s', async () => {
    const place = keyPlace()
    const deployment = await place.openRing().deployment()
    const record = (await deployment.own()).seal('details', secretText, [])
    const again = await place.openRing().deployment()
    expect(again.tag).toEqual(deployment.tag)
    expect((await again.own()).open('details', record, [])).toEqual(secretText)
    expect(await refusalOf(() => place.openRing().tenant('deployment'))).toBe('ERR_TENANT_UNKNOWN')
  })

  it('token keys are one a window, the same in every process, and windows are u32', async () => {
    const place = keyPlace()
    const [one, other] = [place.openRing(), place.openRing()]
    const windows = [0, 1, 256, 0xffff_ffff]
    const keys = await Promise.all(windows.map((window) => one.tokenKey(window)))
    expect(await Promise.all(windows.map((window) => other.tokenKey(window)))).toEqual(keys)
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(windows.length)
    expect(keys.every((key) => key.length === 32)).toBe(true)
    for (const window of [-1, 1.5, 0x1_0000_0000, Number.NaN]) {
      expect(await refusalOf(() => one.tokenKey(window))).toBe('ERR_INPUT_INVALID')
    }
  })
})

describe('versions and epochs', () => {
  /** Gives the subject a further key, as a rotation will. */
  async function putVersion(place: KeyPlace, prefix: string, version: string): Promise<void> {
    const held = new HeldKeys(place.clock, 1000)
    await new WrappedKeys(place.provider, place.store, held).make(`${prefix}${version}`)
    held.close()
  }

  it('writing takes the newest by number, opening takes what the record names', async () => {
    const place = keyPlace()
    const { keys } = await place.openRing().createTenant('acme')
    const subject = keys.subjectTag('ana')
    const prefix = `subject/${keys.tag.toString('hex')}/${subject.toString('hex')}/`
    const old = (await keys.forWriting(subject)).seal('content', secretText, [])
    for (const version of ['1/2', '1/10', '1/9']) await putVersion(place, prefix, version)
    const later = await place.openRing().tenant('acme')
    const newest = await later.forWriting(subject)
    expect([newest.epoch, newest.version]).toEqual([1, 10])
    expect((await later.forOpening(subject, 1, 1)).open('content', old, [])).toEqual(secretText)
    expect(await refusalOf(() => newest.open('content', old, []))).toBe('ERR_SEAL_BROKEN')
    await putVersion(place, prefix, '2/1')
    later.forget(subject)
    const next = await later.forWriting(subject)
    expect([next.epoch, next.version]).toEqual([2, 1])
  })

  it('a next key that an erasure overtook is taken back; nobody’s key is renewed, and a record that is gone is wrapped by nothing', async () => {
    const place = keyPlace()
    const { keys } = await place.openRing().createTenant('acme')
    const subject = keys.subjectTag('ana')
    const prefix = `subject/${keys.tag.toString('hex')}/${subject.toString('hex')}/`
    expect(await keys.renewSubject(subject)).toBe(false)
    await keys.forWriting(subject)
    expect(await keys.renewSubject(subject)).toBe(true)
    /** Whoever erases notes it just as the next key was put. */
    const { store } = place
    const overtaken: KeyStore = {
      get: (name) => store.get(name),
      replace: (name, record) => store.replace(name, record),
      delete: (name) => store.delete(name),
      list: (below) => store.list(below),
      putIfAbsent: async (name: string, record: Uint8Array) => {
        const put = await place.store.putIfAbsent(name, record)
        if (name === `${prefix}1/3`) await place.store.putIfAbsent(`${prefix}erased/1`, Buffer.from('{}'))
        return put
      },
    }
    const beside = await place.openRing({ store: overtaken }).tenant('acme')
    expect(await beside.renewSubject(subject)).toBe(false)
    expect((await place.store.list(prefix)).sort()).toEqual([`${prefix}1/1`, `${prefix}1/2`, `${prefix}erased/1`])
    expect(await keys.renewSubject(subject)).toBe(false)

    const held = new HeldKeys(place.clock, 1000)
    const wrapped = new WrappedKeys(place.provider, place.store, held)
    expect([await wrapped.rewrap(`${prefix}1/3`), await wrapped.wrapperOf(`${prefix}1/3`)]).toEqual([false, null])
    expect([await wrapped.rewrap(`${prefix}1/2`), await wrapped.wrapperOf(`${prefix}1/2`)]).toEqual([
      false,
      `tenant/${keys.tag.toString('hex')}/wrap/1`,
    ])
    held.close()
  })

  it('names that are no version are passed over', async () => {
    const place = keyPlace()
    const { keys } = await place.openRing().createTenant('acme')
    const prefix = `subject/${keys.tag.toString('hex')}/${keys.subjectTag('ana').toString('hex')}/`
    for (const name of ['01/1', '1/0', 'x', '9', '9999999999/1', '1/2/3']) {
      await place.store.putIfAbsent(`${prefix}${name}`, Buffer.from('{}'))
    }
    const key = await keys.forWriting(keys.subjectTag('ana'))
    expect([key.epoch, key.version]).toEqual([1, 1])
  })
})

describe('what is gone, lost or foreign is told apart and never replaced by a new key', () => {
  async function filled(): Promise<{ place: KeyPlace; tenant: string; subject: Buffer; record: Buffer }> {
    const place = keyPlace()
    const { keys } = await place.openRing().createTenant('acme')
    const subject = keys.subjectTag('ana')
    const record = (await keys.forWriting(subject)).seal('content', secretText, [])
    return { place, tenant: keys.tag.toString('hex'), subject, record }
  }

  async function read(place: KeyPlace, subject: Buffer, record: Buffer, changes = {}): Promise<Buffer> {
    const keys = await place.openRing(changes).tenant('acme')
    return (await keys.forOpening(subject, 1, 1)).open('content', record, [])
  }

  it('a destroyed subject key', async () => {
    const { place, tenant, subject, record } = await filled()
    expect(await read(place, subject, record)).toEqual(secretText)
    await place.store.delete(`subject/${tenant}/${subject.toString('hex')}/1/1`)
    expect(await refusalOf(() => read(place, subject, record))).toBe('ERR_KEY_DESTROYED')
  })

  it('a destroyed generation takes everything below with it', async () => {
    const { place, subject, record } = await filled()
    const before = await place.store.list('')
    await place.store.delete('generation/1')
    expect(await refusalOf(() => read(place, subject, record))).toBe('ERR_KEY_DESTROYED')
    expect(await refusalOf(() => place.openRing().tokenKey(1))).toBe('ERR_KEY_UNAVAILABLE')
    expect(await place.store.list('')).toEqual(before.filter((name) => name !== 'generation/1'))
  })

  it('a lost deployment tag key, tenant tag key, tenant key', async () => {
    for (const lost of ['deployment/tag', 'tenant/$/tag', 'tenant/$/1/1']) {
      const { place, tenant, subject, record } = await filled()
      await place.store.delete(lost.replace('$', tenant))
      const code = lost.endsWith('1/1') ? 'ERR_TENANT_UNKNOWN' : 'ERR_KEY_DESTROYED'
      expect(await refusalOf(() => read(place, subject, record)), lost).toBe(code)
      const before = await place.store.list('')
      expect(await refusalOf(() => place.openRing().createTenant('acme')), lost).toBe('ERR_KEY_DESTROYED')
      expect(await place.store.list('')).toEqual(before)
    }
  })

  it('a lost root file', async () => {
    const { place, subject, record } = await filled()
    const file = join(place.directory, 'root.key')
    rmSync(file)
    expect(await refusalOf(() => read(place, subject, record))).toBe('ERR_KEY_UNAVAILABLE')
    expect(await refusalOf(() => place.openRing().createTenant('new'))).toBe('ERR_KEY_UNAVAILABLE')
    expect(await refusalOf(() => copyFileSync(file, '/dev/null'))).toBe('ENOENT')
  })

  it('a foreign root', async () => {
    const { place, subject, record } = await filled()
    const provider = localKeys({ file: join(freshDirectory(), 'other.key') })
    await provider.wrap(Buffer.alloc(32), Buffer.alloc(0))
    const refused = read(place, subject, record, { provider })
    await expect(refused).rejects.toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', retryable: false })
    // The attack without that wall: a root that gives the right id still cannot open what it did not wrap.
    const liar: KeyProvider = {
      id: place.provider.id,
      wrap: provider.wrap,
      unwrap: (wrapped, context) => provider.unwrap(wrapped, context),
    }
    expect(await refusalOf(() => read(place, subject, record, { provider: liar }))).toBe('ERR_SEAL_BROKEN')
  })

  it('a root that gives another key than the one that was wrapped', async () => {
    const { place, subject, record } = await filled()
    for (const given of [Buffer.alloc(32, 1), Buffer.alloc(16, 1)]) {
      const provider: KeyProvider = {
        id: place.provider.id,
        wrap: place.provider.wrap,
        unwrap: async () => Buffer.from(given),
      }
      expect(await refusalOf(() => read(place, subject, record, { provider }))).toBe('ERR_SEAL_BROKEN')
    }
  })

  it('a record copied under another name, of every kind', async () => {
    const place = keyPlace()
    const ring = place.openRing()
    for (const tenant of ['acme', 'globex']) {
      const { keys } = await ring.createTenant(tenant)
      for (const subject of ['ana', 'ben']) await keys.forWriting(keys.subjectTag(subject))
    }
    await ring.tokenKey(1)
    const names = await place.store.list('')
    expect(names.length).toBe(13)
    const held = new HeldKeys(place.clock, 1000)
    const wrapped = new WrappedKeys(place.provider, place.store, held)
    for (const to of names) {
      const own = (await place.store.get(to))!
      for (const from of names) {
        await place.store.replace(to, (await place.store.get(from))!)
        held.drop('')
        const outcome = await refusalOf(() => wrapped.open(to))
        const expected = from === to ? ['success'] : ['ERR_SEAL_BROKEN', 'ERR_KEY_UNAVAILABLE']
        expect(expected, `${from} -> ${to}`).toContain(outcome)
        await place.store.replace(to, own)
      }
    }
    held.close()
  })

  it('a record that is no record', async () => {
    const { place, tenant, subject, record } = await filled()
    const name = `subject/${tenant}/${subject.toString('hex')}/1/1`
    const own = JSON.parse((await place.store.get(name))!.toString('utf8'))
    const malformed: unknown[] = [null, 1, 'text', [], {}, { ...own, v: 2 }]
    for (const member of Object.keys(own)) malformed.push({ ...own, [member]: undefined }, { ...own, [member]: 7 })
    malformed.push(
      { ...own, wrapped: '' },
      { ...own, wrappedBy: 'generation/1' },
      { ...own, wrappedBy: `tenant/${tenant}/tag` },
    )
    malformed.push({ ...own, wrappedBy: '../x' })
    for (const value of malformed) {
      await place.store.replace(name, Buffer.from(JSON.stringify(value)))
      expect(await refusalOf(() => read(place, subject, record)), JSON.stringify(value)).toBe('ERR_SEAL_BROKEN')
    }
    await place.store.replace(name, Buffer.from('{"v":1,'))
    expect(await refusalOf(() => read(place, subject, record))).toBe('ERR_SEAL_BROKEN')
    await place.store.replace(name, Buffer.from(JSON.stringify(own)))
    expect(await read(place, subject, record)).toEqual(secretText)
  })

  it('a store or a root that cannot be reached, now', async () => {
    const { place, subject, record } = await filled()
    let down = true
    const orFail = async () => {
      if (down) throw new Error('ECONNREFUSED')
    }
    const store: KeyStore = {
      get: async (name) => orFail().then(() => place.store.get(name)),
      putIfAbsent: async (name, bytes) => orFail().then(() => place.store.putIfAbsent(name, bytes)),
      replace: async (name, bytes) => orFail().then(() => place.store.replace(name, bytes)),
      delete: async (name) => orFail().then(() => place.store.delete(name)),
      list: async (prefix) => orFail().then(() => place.store.list(prefix)),
    }
    const provider: KeyProvider = {
      id: place.provider.id,
      wrap: async (key, context) => orFail().then(() => place.provider.wrap(key, context)),
      unwrap: async (bytes, context) => orFail().then(() => place.provider.unwrap(bytes, context)),
    }
    for (const changes of [{ store }, { provider }]) {
      down = true
      const keys = place.openRing(changes)
      const attempt = async () =>
        (await (await keys.tenant('acme')).forOpening(subject, 1, 1)).open('content', record, [])
      await expect(attempt()).rejects.toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', retryable: true })
      await expect(keys.createTenant('new')).rejects.toMatchObject({ code: 'ERR_KEY_UNAVAILABLE', retryable: true })
      down = false
      expect(await attempt()).toEqual(secretText)
    }
  })

  it('no refusal names a tenant, a subject or a tag', async () => {
    const { place, tenant, subject } = await filled()
    const name = `subject/${tenant}/${subject.toString('hex')}/1/1`
    const errors: unknown[] = []
    const keep = (call: Promise<unknown>) => call.catch((error: unknown) => errors.push(error))
    await keep(place.openRing().tenant('nobody-known'))
    await place.store.replace(name, Buffer.from('{}'))
    await keep((await place.openRing().tenant('acme')).forOpening(subject, 1, 1))
    await place.store.delete(name)
    await keep((await place.openRing().tenant('acme')).forOpening(subject, 1, 1))
    await place.store.delete('generation/1')
    await keep(place.openRing().createTenant('nobody-known'))
    expect(errors.length).toBe(4)
    for (const error of errors) {
      expect(error).toBeInstanceOf(MemkeepError)
      const shown = JSON.stringify(error) + (error as Error).message
      for (const hidden of ['nobody-known', 'acme', 'ana', tenant, subject.toString('hex')])
        expect(shown).not.toContain(hidden)
    }
  })
})

it('what a crash or a backup leaves of a store opens after a copy to another place', async () => {
  const place = keyPlace()
  const { keys } = await place.openRing().createTenant('acme')
  const record = (await keys.own()).seal('name', secretText, [])
  const copy = keyPlace()
  for (const name of await place.store.list('')) await copy.store.putIfAbsent(name, (await place.store.get(name))!)
  mkdirSync(dirname(join(copy.directory, 'root.key')), { recursive: true })
  copyFileSync(join(place.directory, 'root.key'), join(copy.directory, 'root.key'))
  expect((await (await copy.openRing().tenant('acme')).own()).open('name', record, [])).toEqual(secretText)
})

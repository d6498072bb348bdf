import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { HeldKeys } from '../../src/keys/held-keys.ts'
import type { KeyProvider } from '../../src/keys/key-provider.ts'
import type { KeyStore } from '../../src/keys/key-store.ts'
import { TokenSecret } from '../../src/keys/token-secret.ts'
import { HandClock } from '../support/hand-clock.ts'
import { keyPlace, refusalOf } from './key-place.ts'

const zeros = Buffer.alloc(32)
const text = Buffer.from('x')

describe('raw keys', () => {
  it('are zero as soon as they have become keys', async () => {
    const place = keyPlace()
    const handed: Buffer[] = []
    const wrappedRaw: Uint8Array[] = []
    const provider: KeyProvider = {
      get id() {
        return place.provider.id
      },
      wrap(key, context) {
        wrappedRaw.push(key)
        return place.provider.wrap(key, context)
      },
      async unwrap(bytes, context) {
        const key = await place.provider.unwrap(bytes, context)
        expect(key).not.toEqual(zeros)
        handed.push(key)
        return key
      },
    }
    const { keys } = await place.openRing({ provider }).createTenant('acme')
    await keys.forWriting(keys.subjectTag('ana'))
    expect([handed.length, wrappedRaw.length]).toEqual([1, 1])
    for (const raw of [...handed, ...wrappedRaw]) expect(Buffer.from(raw)).toEqual(zeros)
  })

  /** A raw key that is held, and the very bytes of it. */
  const held = (keys: HeldKeys, name: string, raw: Buffer) => keys.get(name, async () => new TokenSecret(raw))

  it('of tokens are zero when their time is over', async () => {
    const clock = new HandClock()
    const keys = new HeldKeys(clock, 10_000)
    const raw = randomBytes(32)
    const secret = await held(keys, 'one', raw)
    clock.nowMs += 9_999
    await held(keys, 'two', randomBytes(32))
    expect(secret.copy()).toEqual(raw)
    clock.nowMs += 1
    await held(keys, 'two', randomBytes(32))
    expect(raw).toEqual(zeros)
    expect(secret.copy()).toBe(null)
    keys.close()
  })

  it('of tokens are zero on close', async () => {
    const keys = new HeldKeys(new HandClock(), 10_000)
    const raw = randomBytes(32)
    await held(keys, 'one', raw)
    keys.close()
    expect(raw).toEqual(zeros)
  })

  it('of tokens are zero when their time is over though nobody uses the keyring', async () => {
    const keys = new HeldKeys(systemClock, 1000)
    const [early, late] = [randomBytes(32), randomBytes(32)]
    await held(keys, 'early', early)
    await new Promise((resolve) => setTimeout(resolve, 400))
    await held(keys, 'late', late)
    await expect.poll(() => early.equals(zeros), { timeout: 5000, interval: 10 }).toBe(true)
    expect(late).not.toEqual(zeros)
    await expect.poll(() => late.equals(zeros), { timeout: 5000, interval: 10 }).toBe(true)
    keys.close()
  })

  it('of tokens do not outlive a clock that was set back', async () => {
    const clock = new HandClock()
    const keys = new HeldKeys(clock, 10_000)
    const raw = randomBytes(32)
    await held(keys, 'one', raw)
    clock.nowMs -= 3_600_000
    await held(keys, 'one', randomBytes(32))
    expect(raw).toEqual(zeros)
    keys.close()
  })

  it("of tokens are handed out as the caller's own copy", async () => {
    const ring = keyPlace().openRing()
    const first = await ring.tokenKey(1)
    const second = await ring.tokenKey(1)
    expect(second).toEqual(first)
    first.fill(0)
    expect(second).not.toEqual(zeros)
    expect(await ring.tokenKey(1)).toEqual(second)
    ring.close()
  })
})

describe('opened keys', () => {
  it('can be used for at least half of the hold time from when they were handed out, and never longer than it', async () => {
    const place = keyPlace()
    const ring = place.openRing({ holdMs: 10_000 })
    const { keys } = await ring.createTenant('acme')
    const subject = keys.subjectTag('ana')
    const early = await keys.forWriting(subject)
    const record = early.seal('content', text, [])

    place.clock.nowMs += 4_999
    expect(await keys.forWriting(subject)).toBe(early)
    place.clock.nowMs += 1
    const late = await (await ring.tenant('acme')).forWriting(subject)
    expect(late).not.toBe(early)
    place.clock.nowMs += 4_999
    expect(early.open('content', record, [])).toEqual(text)

    place.clock.nowMs += 1
    await ring.tenantTag('acme')
    expect(late.open('content', record, [])).toEqual(text)
    for (const call of [
      () => early.open('content', record, []),
      () => early.seal('content', text, []),
      () => keys.subjectTag('ana'),
    ]) {
      expect(await refusalOf(call)).toBe('ERR_KEY_UNAVAILABLE')
    }
    expect(await refusalOf(() => early.open('content', Buffer.alloc(0), []))).toBe('ERR_SEAL_BROKEN')
    expect((await (await ring.tenant('acme')).forOpening(subject, 1, 1)).open('content', record, [])).toEqual(text)
  })

  it('of a destroyed record are of no use after the hold time', async () => {
    const place = keyPlace()
    const ring = place.openRing({ holdMs: 10_000 })
    const { keys } = await ring.createTenant('acme')
    const subject = keys.subjectTag('ana')
    const key = await keys.forWriting(subject)
    const record = key.seal('content', text, [])
    await place.store.delete(`subject/${keys.tag.toString('hex')}/${subject.toString('hex')}/1/1`)
    expect(key.open('content', record, [])).toEqual(text)
    place.clock.nowMs += 10_000
    const again = await ring.tenant('acme')
    expect(await refusalOf(() => key.open('content', record, []))).toBe('ERR_KEY_UNAVAILABLE')
    expect(await refusalOf(() => again.forOpening(subject, 1, 1))).toBe('ERR_KEY_DESTROYED')
  })

  it('are of no use once they are forgotten: of a subject, and of a tenant with all its subjects', async () => {
    const place = keyPlace()
    const ring = place.openRing()
    const acme = (await ring.createTenant('acme')).keys
    const globex = (await ring.createTenant('globex')).keys
    const [ana, ben] = [acme.subjectTag('ana'), acme.subjectTag('ben')]
    const [keyOfAna, keyOfBen, foreign] = [
      await acme.forWriting(ana),
      await acme.forWriting(ben),
      await globex.forWriting(ana),
    ]
    const own = await acme.own()
    acme.forget(ana)
    expect(await refusalOf(() => keyOfAna.seal('content', text, []))).toBe('ERR_KEY_UNAVAILABLE')
    expect(await refusalOf(() => keyOfBen.seal('content', text, []))).toBe('success')
    expect(await refusalOf(async () => (await acme.forWriting(ana)).seal('content', text, []))).toBe('success')
    ring.forget(acme.tag)
    for (const call of [
      () => keyOfBen.seal('content', text, []),
      () => own.seal('name', text, []),
      () => acme.subjectTag('ana'),
    ]) {
      expect(await refusalOf(call)).toBe('ERR_KEY_UNAVAILABLE')
    }
    expect(await refusalOf(() => foreign.seal('content', text, []))).toBe('success')
    expect((await ring.tenant('acme')).subjectTag('ana')).toEqual(ana)
  })

  it('are read again when they were forgotten while they were being opened', async () => {
    const place = keyPlace()
    const { keys } = await place.openRing().createTenant('acme')
    const subject = keys.subjectTag('ana')
    await keys.forWriting(subject)
    const name = `subject/${keys.tag.toString('hex')}/${subject.toString('hex')}/1/1`

    let held = (): void => {}
    let release = (): void => {}
    const reading = new Promise<void>((resolve) => {
      held = resolve
    })
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow = Object.assign(Object.create(place.store) as KeyStore, {
      list: (prefix: string) => place.store.list(prefix),
      async get(asked: string) {
        const record = await place.store.get(asked)
        if (asked === name) {
          held()
          await gate
        }
        return record
      },
    })
    const ring = place.openRing({ store: slow })
    const again = await ring.tenant('acme')
    const opening = refusalOf(() => again.forOpening(subject, 1, 1))
    await reading
    await place.store.delete(name)
    again.forget(subject)
    release()
    expect(await opening).toBe('ERR_KEY_DESTROYED')
  })

  it('are refused after close, also to who was waiting', async () => {
    const place = keyPlace()
    const ring = place.openRing()
    const { keys } = await ring.createTenant('acme')
    const waiting = refusalOf(() => keys.forWriting(keys.subjectTag('ana')))
    ring.close()
    expect(await waiting).toBe('ERR_CLOSED')
    expect(await refusalOf(() => ring.tenant('acme'))).toBe('ERR_CLOSED')
    expect(await refusalOf(() => keys.own())).toBe('ERR_CLOSED')
  })
})

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { embedded } from '@memkeep/embedded'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Keep, MemkeepError, openMemkeep } from '../../src/index.ts'
import { mintGrant, mintScope } from '../../src/trust.ts'
import { keyPlace } from '../support/test-keep.ts'

/** A file system of 192 MiB that a test can fill; null where this user may mount none. */
const disk = mounted()

function mounted(): string | null {
  const dir = mkdtempSync(join(tmpdir(), 'mk-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=192m', 'memkeep-test', dir], { stdio: 'ignore' })
    return dir
  } catch {
    rmSync(dir, { recursive: true })
    return null
  }
}

const kib = 1024
const user = { actor: 'user' } as const
const principal = { id: 'svc', roles: ['agent'] }

describe.skipIf(disk === null)('the disk under the database is full (needs the right to mount)', () => {
  const place = keyPlace()
  let keep: Keep
  beforeAll(async () => {
    const dir = join(disk!, 'db')
    mkdirSync(dir, { mode: 0o700 })
    keep = await openMemkeep({ database: embedded({ dir }), keys: place.keys, keyStore: place.keyStore })
    const grant = mintGrant({ principal, rights: ['tenants'], reason: 'a test', ttlSeconds: 600 })
    await keep.privileged(grant).tenants.create('acme')
  })
  afterAll(async () => {
    await keep?.close()
    place.remove()
    // The server lets go of the directory some seconds after the keep has.
    for (let tries = 0; tries < 60 && !unmounted(); tries++) await sleep(500)
    rmSync(disk!, { recursive: true })
  })

  const memory = () => keep.for(mintScope({ tenant: 'acme', subject: 'ana', principal }))
  const ballast = () => join(disk!, 'ballast')

  test('a typed error, nothing lost, and it goes on by itself when there is room', async () => {
    await memory().add('before', user)
    fill(1024 * kib)
    const { stored, error } = await addUntilRefused()
    expect(error).toBeInstanceOf(MemkeepError)
    expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', retryable: true })
    expect(String(error.message)).not.toMatch(/xxx|pg_wal|base\//)

    rmSync(ballast())
    const after = await untilTaken('after')
    expect(await memory().get(after)).toMatchObject({ content: 'after' })
    const contents = await everything()
    expect(contents).toEqual(expect.arrayContaining(['before', 'after', ...stored]))
    expect(new Set(contents).size).toBe(contents.length)
  }, 300_000)

  /** Leaves so many bytes. */
  function fill(bytes: number): void {
    const { bavail, bsize } = statfsSync(disk!)
    writeFileSync(ballast(), Buffer.alloc(Math.max(0, bavail * bsize - bytes)))
  }

  async function addUntilRefused() {
    const stored: string[] = []
    for (let number = 0; number < 10_000; number++) {
      const content = `${number} ${'x'.repeat(30 * kib)}`
      try {
        await memory().add(content, user)
        stored.push(content)
      } catch (error) {
        return { stored, error: error as MemkeepError }
      }
    }
    throw new Error('the disk was never full')
  }

  /** As a caller that obeys `retryable` does. */
  async function untilTaken(content: string): Promise<string> {
    for (const deadline = Date.now() + 60_000; ; await sleep(500)) {
      try {
        return (await memory().add(content, user)).id
      } catch (error) {
        if (!(error as MemkeepError).retryable || Date.now() > deadline) throw error
      }
    }
  }

  async function everything(): Promise<string[]> {
    const contents: string[] = []
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await memory().list({ limit: 100, ...(cursor === undefined ? {} : { cursor }) })
      contents.push(...page.items.map(({ content }) => content))
      cursor = page.nextCursor
    }
    return contents
  }
})

function unmounted(): boolean {
  try {
    execFileSync('umount', [disk!], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

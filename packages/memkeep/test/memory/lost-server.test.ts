import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { layoutOf } from '../../../embedded/src/layout.ts'
import { serverName, serverProcesses } from '../../../embedded/src/server-processes.ts'
import { MemkeepError } from '../../src/index.ts'
import { expectConsistent } from '../invariants/whole-store.ts'
import { codeOf } from '../support/code-of.ts'
import { type PrivateEngine, privateEngine } from '../support/private-engine.ts'
import { random, seed } from '../support/seed.ts'
import { TestKeep } from '../support/test-keep.ts'

let engine: PrivateEngine
let store: TestKeep
const chance = random()
beforeAll(async () => {
  console.log(`lost server: MEMKEEP_TEST_SEED=${seed}`)
  engine = await privateEngine()
  store = await TestKeep.start({}, await engine.database('lost'))
})
afterAll(async () => {
  await store?.[Symbol.asyncDispose]()
  await engine?.stop()
})

const user = { actor: 'user' } as const

/** Adds from several writers while `disturb` runs: what was acknowledged, and what was refused. */
async function underLoad(subject: string, disturb: () => Promise<void>) {
  const [stored, refused]: [string[], unknown[]] = [[], []]
  let going = true
  const writers = Array.from({ length: 4 }, async (_, writer) => {
    for (let number = 0; going; number++) {
      const content = `writer ${writer} number ${number}`
      try {
        await store.memory({ subject }).add(content, user)
        stored.push(content)
      } catch (error) {
        refused.push(error)
      }
      if (number % 3 === 0)
        await store
          .memory({ subject })
          .search('number')
          .catch((error) => refused.push(error))
    }
  })
  await disturb()
  going = false
  await Promise.all(writers)
  return { stored, refused }
}

async function expectStored(subject: string, stored: readonly string[], refused: readonly unknown[]): Promise<void> {
  for (const error of refused) {
    expect(error).toBeInstanceOf(MemkeepError)
    expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', retryable: true })
  }
  const contents: string[] = []
  let cursor: string | null = null
  do {
    const memory = store.memory({ subject })
    const page: Awaited<ReturnType<typeof memory.list>> = await memory.list({
      limit: 100,
      ...(cursor === null ? {} : { cursor }),
    })
    contents.push(...page.items.map(({ content }) => content))
    cursor = page.nextCursor
  } while (cursor !== null)
  expect(new Set(contents).size).toBe(contents.length)
  expect(contents).toEqual(expect.arrayContaining([...stored]))
  expect(contents.length - stored.length).toBeLessThanOrEqual(refused.length)
  await expectConsistent(store.database)
}

test('connections ended by the server under load: nothing is stored twice, nothing is lost', async () => {
  const { stored, refused } = await underLoad('terminated', async () => {
    for (let round = 0; round < 8; round++) {
      await sleep(100 + chance() * 300)
      await store.database.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'memkeep_app'")
    }
  })
  expect(stored.length).toBeGreaterThan(15)
  await expectStored('terminated', stored, refused)
})

test('the server killed and started again under load', async () => {
  const { stored, refused } = await underLoad('restarted', async () => {
    await sleep(300)
    for (const pid of serverProcesses(serverName(layoutOf(engine.dir)))) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch (error) {
        // It has ended since it was listed.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
    await sleep(4000)
  })
  expect(stored.length).toBeGreaterThan(10)
  await expectStored('restarted', stored, refused)
})

test('a database that is not there: refused as retryable', async () => {
  const nowhere = { ...store.database.app, host: '/nonexistent' }
  const refusal = await store.open({ database: nowhere }).catch((error: unknown) => error)
  expect(refusal).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', retryable: true })
})

test('the wrong password, and a database that is no keep', async () => {
  expect(await codeOf(store.open({ database: { ...store.database.app, password: 'wrong' } }))).toBe('ERR_STORE_UNSAFE')
  await store.database.query('create database empty')
  expect(await codeOf(store.open({ database: { ...store.database.app, database: 'empty' } }))).toMatch(
    /^ERR_STORE_(UNSAFE|VERSION)$/,
  )
})

test('an audit row that cannot be written fails the call, and nothing is done', async () => {
  const memory = store.memory({ subject: 'audited' })
  const { id } = await memory.add('stays', user)
  await store.database.query('alter table memkeep.event add constraint refuses check (false) not valid')
  const calls = [
    () => memory.add('x', user),
    () => memory.update(id, { content: 'x' }, user),
    () => memory.delete(id),
    () => memory.deleteMany({ all: true }),
    () => memory.get(id),
    () => memory.list(),
    () => memory.search('stays'),
    () => memory.history(id),
  ]
  try {
    for (const call of calls) expect(await codeOf(call)).toBe('ERR_AUDIT_UNAVAILABLE')
  } finally {
    await store.database.query('alter table memkeep.event drop constraint refuses')
  }
  expect((await memory.list()).items.map(({ content, version }) => [content, version])).toEqual([['stays', 1]])
})

import { expect, test } from 'vitest'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

const user = { actor: 'user' } as const

test('close: calls under way finish, later ones are refused, and closing again is no error', async () => {
  await using store = await TestKeep.start()
  const keep = await store.open()
  const memory = store.memory({}, keep)
  const { id } = await memory.add('held', user)
  const cold = await store.open()
  const under = [
    ...Array.from({ length: 20 }, (_, n) => store.memory({ subject: `s${n}` }, cold).add(`n${n}`, user)),
    ...Array.from({ length: 10 }, () => store.memory({}, cold).search('held')),
    store.memory({}, cold).update(id, { content: 'held on' }, user),
    store.memory({ agent: 'a' }, cold).deleteMany({ all: true }),
    store.wide({ roles: ['admin'] }, cold).list(),
    cold.runUpkeep().catch((error) => expect(error.code).toBe('ERR_STORE_UNAVAILABLE')),
  ]
  const codes = under.map((call) => codeOf(call))
  const closing = cold.close()
  expect(new Set(await Promise.all(codes))).toEqual(new Set(['none']))
  await closing
  await cold.close()
  expect((await memory.get(id))?.content).toBe('held on')

  const scoped = store.memory({}, keep)
  const tenants = store.privileged(keep).tenants
  await keep.close()
  const calls = [
    () => store.memory({}, keep),
    () => store.privileged(keep),
    () => keep.runUpkeep(),
    () => scoped.add('x', user),
    () => scoped.addMany([]),
    () => scoped.addMessages([], { session: 's' }),
    () => scoped.get(id),
    () => scoped.list(),
    () => scoped.search('x'),
    () => scoped.history(id),
    () => scoped.update(id, {}, user),
    () => scoped.delete(id),
    () => scoped.deleteMany({ all: true }),
    () => tenants.list(),
    () => tenants.create('late'),
  ]
  for (const call of calls) expect(await codeOf(call)).toBe('ERR_CLOSED')
})

test('await using closes at the end of the block', async () => {
  await using store = await TestKeep.start()
  let memory: ReturnType<TestKeep['memory']>
  {
    await using keep = await store.open()
    memory = store.memory({}, keep)
    await memory.add('x', user)
  }
  expect(await codeOf(memory.list())).toBe('ERR_CLOSED')
  const [left] = await store.database.query<{ n: number }>(
    "select count(*)::int as n from pg_stat_activity where datname = current_database() and usename = 'memkeep_app'",
  )
  expect(left!.n).toBeLessThanOrEqual(5)
})

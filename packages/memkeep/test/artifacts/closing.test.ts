import { expect, test } from 'vitest'
import { TestKeep } from '../support/test-keep.ts'

test('a keep that closes ends the rebuilding that it has a lease for: no other waits for that to run out', async () => {
  const [begun, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  await using store = await TestKeep.start({
    rebuilders: {
      summary: async () => {
        begun.resolve()
        await go.promise
        return 'made anew'
      },
    },
  })
  const memory = store.memory({ roles: ['admin'] })
  for (const content of ['likes tea', 'likes cats']) {
    const { id } = await memory.add(content, { actor: 'user' })
    await memory.artifacts.register({ kind: 'summary', content: 'as it was', derivedFrom: [id] })
    await memory.update(id, { content: `${content} no more` }, { actor: 'user' })
  }
  const rows = () =>
    store.database.query<{ state: number; leased: boolean }>(
      'select state, due_ms > $1 as leased from memkeep.artifact order by id',
      [store.clock.now()],
    )
  const pass = store.keep.runUpkeep()
  await begun.promise
  expect(await rows()).toEqual([
    { state: 1, leased: true },
    { state: 1, leased: true },
  ])
  const closing = store.keep.close()
  go.resolve()
  await closing
  expect(await rows()).toEqual([
    { state: 0, leased: null },
    { state: 0, leased: null },
  ])
  expect((await pass).rebuilt).toBe(2)
})

import { expect, it } from 'vitest'
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

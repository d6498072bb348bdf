import { expect, test } from 'vitest'
import { auditSettings } from '../src/audit-settings.ts'

const unasked = async () => ({ outcome: 'unknown' }) as const
const drivers = {
  tierAt: (name: string) => ({ name, put: async () => {}, get: async () => null }),
  fileWitness: (name: string) => ({ name, add: unasked }),
  httpWitness: (name: string, key: string) => ({ name, key, add: unasked }),
}

test('nothing said is nothing set; what is said is set', () => {
  expect(auditSettings({}, drivers)).toEqual({})
  const env = { MEMKEEP_AUDIT_READS: 'relaxed', MEMKEEP_AUDIT_KEEP_READS_DAYS: '90', MEMKEEP_AUDIT_COLD_TIER: '/cold' }
  expect(auditSettings({ ...env, MEMKEEP_WITNESS: '/heads' }, drivers)).toMatchObject({
    reads: 'relaxed',
    keepReadsDays: 90,
    coldTier: { name: '/cold' },
    witness: { name: '/heads' },
  })
  const url = { MEMKEEP_WITNESS: 'https://witness.example/w', MEMKEEP_WITNESS_KEY: 'w+0+k' }
  expect(auditSettings(url, drivers).witness).toMatchObject({ name: 'https://witness.example/w', key: 'w+0+k' })
})

test('what is no number of days is refused, and a witness over HTTP without its key', () => {
  for (const days of ['', '-1', '1.5', 'many', '99999'])
    expect(() => auditSettings({ MEMKEEP_AUDIT_KEEP_READS_DAYS: days }, drivers)).toThrow('whole number')
  expect(() => auditSettings({ MEMKEEP_WITNESS: 'https://witness.example' }, drivers)).toThrow('verifier key')
})

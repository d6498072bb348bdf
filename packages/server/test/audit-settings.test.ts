import { expect, test } from 'vitest'
import { auditSettings } from '../src/audit-settings.ts'

const tierAt = (name: string) => ({ name, put: async () => {}, get: async () => null })

test('nothing said is nothing set; what is said is set', () => {
  expect(auditSettings({}, tierAt)).toEqual({})
  const env = { MEMKEEP_AUDIT_READS: 'relaxed', MEMKEEP_AUDIT_KEEP_READS_DAYS: '90', MEMKEEP_AUDIT_COLD_TIER: '/cold' }
  expect(auditSettings(env, tierAt)).toEqual({
    reads: 'relaxed',
    keepReadsDays: 90,
    coldTier: expect.objectContaining({ name: '/cold' }),
  })
})

test('what is no number of days is refused', () => {
  for (const days of ['', '-1', '1.5', 'many', '99999'])
    expect(() => auditSettings({ MEMKEEP_AUDIT_KEEP_READS_DAYS: days }, tierAt)).toThrow('whole number')
})

import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { expect, test } from 'vitest'
import { scramVerifier } from '../../src/store/scram.ts'

/** RFC 5802 §3: what a server checks a client's proof against. */
function accepts(verifier: string, password: string): boolean {
  const [, iterations, salt, storedKey, serverKey] =
    /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/.exec(verifier) ?? expect.fail('not a verifier')
  const salted = pbkdf2Sync(password, Buffer.from(salt!, 'base64'), Number(iterations), 32, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  const stored = createHash('sha256').update(clientKey).digest('base64')
  return stored === storedKey && createHmac('sha256', salted).update('Server Key').digest('base64') === serverKey
}

// That PostgreSQL takes such a verifier is shown by every test that logs in as memkeep_app.
test('a verifier fits its password and no other, never repeats itself, and does not hold the password', () => {
  const verifier = scramVerifier('correct horse')
  expect(accepts(verifier, 'correct horse')).toBe(true)
  expect(accepts(verifier, 'correct hors')).toBe(false)
  expect(scramVerifier('correct horse')).not.toBe(verifier)
  expect(verifier).not.toContain('horse')
})

import { checkPolicy, type Policy } from './policy.ts'

/** Where a tenant's sealed policy stands: an older one put back under a newer version does not open. */
export function policyContext(version: number): (string | number)[] {
  return ['tenant', 'policy', version]
}

/** "None of its own" is sealed like any policy: a policy that was taken away must not pass for none. */
export function encodePolicy(policy: Policy | null): Buffer {
  return Buffer.from(JSON.stringify(policy), 'utf8')
}

/** Throws `ERR_INPUT_INVALID` for what is no policy. */
export function decodePolicy(bytes: Uint8Array): Policy | null {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
  return value === null ? null : checkPolicy(value)
}

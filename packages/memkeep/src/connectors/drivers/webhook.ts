import { createHmac, randomUUID } from 'node:crypto'
import type { AttemptOptions } from '../../core/attempts.ts'
import { MemkeepError } from '../../core/errors.ts'
import type { Connector, ConnectorScope } from '../connector.ts'
import { ask, checkAddress } from './ask.ts'

export interface WebhookInput extends AttemptOptions {
  /** Default `webhook`. */
  readonly name?: string
  readonly url: string
  /** Signs each request: `whsec_` and 24 to 64 bytes in base64, as Standard Webhooks has it. */
  readonly secret: string
  readonly separates?: 'subjects' | 'tenants'
  /** In place of the global `fetch`: for a proxy, or a certificate authority of your own. */
  readonly fetch?: typeof fetch
}

/**
 * A store that only a program of yours can reach. Each call is a POST of `{"action": "inventory" | "erase" | "verify", "tenant", "subject"}`
 * (subject null: the whole tenant), answered with status 200 and `{"items": n}`: those held, removed or remaining. Signed as
 * Standard Webhooks has it: verify `webhook-signature`, and that `webhook-timestamp` is recent.
 */
export function webhookConnector(input: WebhookInput): Connector {
  const { name = 'webhook', url, secret, separates = 'subjects', fetch: send = fetch, ...patience } = input
  const address = new URL(checkAddress(url, 'url'))
  const key = secretBytes(secret)

  const call =
    (action: string) =>
    async ({ tenant, subject }: ConnectorScope, signal: AbortSignal): Promise<number> => {
      const body = JSON.stringify({ action, tenant, subject })
      const question = { method: 'POST', url: address, headers: signatureOf(key, body), body } as const
      return ((await ask(question, signal, send)) as { items?: number } | null)?.items as number
    }

  return { name, separates, patience, inventory: call('inventory'), erase: call('erase'), verify: call('verify') }
}

function signatureOf(key: Buffer, body: string): Record<string, string> {
  const id = `msg_${randomUUID()}`
  const timestamp = String(Math.floor(Date.now() / 1000))
  const code = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${code}` }
}

function secretBytes(secret: string): Buffer {
  const key = /^whsec_[A-Za-z0-9+/]+=*$/.test(secret) ? Buffer.from(secret.slice('whsec_'.length), 'base64') : null
  if (key === null || key.length < 24 || key.length > 64) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'secret must be whsec_ and 24 to 64 bytes in base64')
  }
  return key
}

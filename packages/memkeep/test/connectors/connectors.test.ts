import { S3Client } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { testConnector } from '../../src/conformance/connector.ts'
import type { Connector, ConnectorScope } from '../../src/connectors/connector.ts'
import { Connectors } from '../../src/connectors/connectors.ts'
import { pineconeConnector } from '../../src/connectors/drivers/pinecone.ts'
import { checkedPrefixes } from '../../src/connectors/drivers/prefixes.ts'
import { qdrantConnector } from '../../src/connectors/drivers/qdrant.ts'
import { redisConnector } from '../../src/connectors/drivers/redis.ts'
import { s3Connector } from '../../src/connectors/drivers/s3.ts'
import { webhookConnector } from '../../src/connectors/drivers/webhook.ts'
import { PortableConnector } from '../../src/connectors/portable-connector.ts'
import { MemkeepError } from '../../src/index.ts'
import { codeOf, errorOf } from '../support/code-of.ts'
import { RedisServer, redisName, redisVersion } from '../support/redis-server.ts'
import { heldPlace } from './held-items.ts'
import { deadAddress, json, LoopbackServer } from './stand-ins/loopback-server.ts'
import { S3StandIn } from './stand-ins/s3.ts'

const ana: ConnectorScope = { tenant: 'acme', subject: 'ana' }
const always = async () => 0
const seams = { wait: async () => {}, random: () => 0 }
const portable = (spoilt: Partial<Connector>) =>
  new PortableConnector({ name: 'docs', inventory: always, erase: always, verify: always, ...spoilt }, seams)

describe('the suite', () => {
  test('passes a connector that keeps every promise', () => testConnector(async () => heldPlace()))

  const spoilt: [string, Parameters<typeof heldPlace>[0]][] = [
    [
      'takes a longer id for the same',
      (right, items) => ({
        ...right,
        erase: async ({ tenant, subject }) => {
          const kept = items.filter((item) => item.tenant !== tenant || !item.subject?.startsWith(subject ?? ''))
          return items.splice(0, items.length, ...kept).length - kept.length
        },
      }),
    ],
    [
      'counts nothing when it is down',
      (right) => ({ ...right, inventory: (...asked) => right.inventory(...asked).catch(() => 0) }),
    ],
    [
      'stops after a page',
      (right, items) => ({
        ...right,
        erase: async ({ tenant, subject }) => {
          const found = items
            .filter((item) => item.tenant === tenant && (subject === null || item.subject === subject))
            .slice(0, 1000)
          items.splice(0, items.length, ...items.filter((item) => !found.includes(item)))
          return found.length
        },
      }),
    ],
    [
      'believes itself that nothing is left',
      (right) => ({ ...right, verify: async (scope, signal) => Math.min(0, await right.verify(scope, signal)) }),
    ],
    [
      'removes after it was aborted',
      (right) => ({ ...right, erase: (scope) => right.erase(scope, new AbortController().signal) }),
    ],
    [
      'leaves what is the tenant’s own',
      (right, items) => ({
        ...right,
        erase: async ({ tenant, subject }) => {
          const kept = items.filter(
            (item) => item.tenant !== tenant || (subject === null ? item.subject === null : item.subject !== subject),
          )
          return items.splice(0, items.length, ...kept).length - kept.length
        },
      }),
    ],
  ]
  test.each(spoilt)('turns red on one that %s', async (_, spoil) => {
    await expect(testConnector(async () => heldPlace(spoil))).rejects.toThrow()
  })
})

describe('the wrapper', () => {
  test('tries again while a failure may pass, and names the connector', async () => {
    let tried = 0
    const flaky = portable({
      erase: async () => {
        if (++tried < 3) throw new Error('secret words of a library')
        return 7
      },
    })
    expect(await flaky.call('erase', ana)).toBe(7)
    const error = await errorOf(
      portable({ erase: () => Promise.reject(new Error('secret words')), patience: { retries: 2 } }).call('erase', ana),
    )
    expect(error).toMatchObject({ code: 'ERR_CONNECTOR', message: 'connector docs failed (Error)', retryable: true })
  })

  test('does not wait for a store that hangs, nor for one that does not heed its signal', async () => {
    const hangs = portable({ verify: () => new Promise(() => {}), patience: { timeoutMs: 20, retries: 1 } })
    const error = await errorOf(hangs.call('verify', ana))
    expect(error).toMatchObject({
      code: 'ERR_CONNECTOR',
      message: 'connector docs did not answer within 20 ms',
      retryable: true,
    })
    const control = new AbortController()
    const call = hangs.call('verify', ana, control.signal)
    control.abort()
    expect(await codeOf(call)).toBe('ERR_ABORTED')
  })

  test.each([undefined, null, -1, 0.5, '3', Number.NaN])('takes %s for no count', async (items) => {
    const error = await errorOf(portable({ inventory: async () => items as number }).call('inventory', ana))
    expect(error).toMatchObject({ code: 'ERR_CONNECTOR', retryable: false })
  })

  test('keeps what a driver says of its failure', async () => {
    const refusal = new MemkeepError('ERR_CONNECTOR', 'is frozen', { retryable: false })
    const error = await errorOf(portable({ erase: () => Promise.reject(refusal) }).call('erase', ana))
    expect(error).toMatchObject({ message: 'connector docs: is frozen', retryable: false })
  })

  test.each(['', 'A', 'a b', '-a', 'x'.repeat(65), undefined])('refuses the name %s', async (name) => {
    expect(await codeOf(() => portable({ name: name as string }))).toBe('ERR_INPUT_INVALID')
  })
})

describe('all connectors of a keep', () => {
  const named = (name: string, more: Partial<Connector> = {}): Connector => ({
    name,
    inventory: always,
    erase: always,
    verify: always,
    ...more,
  })

  test('one that is down is named, and keeps no other from being asked', async () => {
    const url = await deadAddress()
    const connectors = new Connectors([
      named('one', { erase: async () => 3 }),
      qdrantConnector({ url, collection: 'c', tenantField: 't', subjectField: 's', retries: 0 }),
      named('tenants', { separates: 'tenants', erase: async () => 5 }),
    ])
    const [one, down, tenants] = await connectors.erase(ana)
    expect(one).toEqual({ connector: 'one', outcome: 'done', items: 3 })
    expect(down).toMatchObject({
      connector: 'qdrant',
      outcome: 'failed',
      error: { code: 'ERR_CONNECTOR', retryable: true },
    })
    expect(tenants).toEqual({ connector: 'tenants', outcome: 'not-covered' })
    expect((await connectors.erase({ tenant: 'acme', subject: null }))[2]).toMatchObject({ outcome: 'done', items: 5 })
  })

  test('each has a name of its own', async () => {
    expect(await codeOf(() => new Connectors([named('a'), named('a')]))).toBe('ERR_INPUT_INVALID')
  })
})

describe('prefixes', () => {
  test.each([
    ['that end in the id', ({ tenant, subject }: ConnectorScope) => [`${tenant}:${subject}`]],
    [
      'of a tenant that end in its id',
      ({ tenant, subject }: ConnectorScope) => [subject === null ? tenant : `${tenant}:${subject}:`],
    ],
    ['that leave the tenant out', ({ subject }: ConnectorScope) => [`${subject}:`]],
    ['that are empty', () => ['']],
    ['that are none', () => []],
  ])('%s are refused when the connector is made', async (_, prefixes) => {
    expect(await codeOf(() => checkedPrefixes(prefixes))).toBe('ERR_INPUT_INVALID')
    expect(await codeOf(() => redisConnector({ url: 'redis://127.0.0.1:1', prefixes }))).toBe('ERR_INPUT_INVALID')
  })
})

describe('HTTP stores', () => {
  test('what they write is not repeated, redirects are not followed', async () => {
    const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
    let elsewhere = 0
    await using target = await LoopbackServer.start(() => {
      elsewhere++
      return json(200, { items: 0 })
    })
    let answer = { status: 302, headers: { location: target.address }, body: 'memory of ana' }
    await using server = await LoopbackServer.start(() => answer)
    const webhook = new PortableConnector(webhookConnector({ url: server.address, secret, retries: 0 }), seams)
    expect((await errorOf(webhook.call('erase', ana))).message).toBe(
      'connector webhook: the store answered with status 302',
    )
    expect(elsewhere).toBe(0)
    answer = { status: 200, headers: { location: '' }, body: 'memory of ana' }
    expect((await errorOf(webhook.call('erase', ana))).message).toBe(
      'connector webhook: the store answered with what is no JSON',
    )
    answer = { status: 200, headers: { location: '' }, body: '{"status":"ok"}' }
    expect(await errorOf(webhook.call('verify', ana))).toMatchObject({ code: 'ERR_CONNECTOR', retryable: false })
  })

  test('a listing that names ids of others removes nothing', async () => {
    let deletions = 0
    await using server = await LoopbackServer.start(({ method }) => {
      if (method === 'POST') deletions++
      return json(200, { vectors: [{ id: 'ana#1' }, { id: 'bob#1' }] })
    })
    const settings = { host: server.address, apiKey: 'k', idPrefixOf: (subject: string) => `${subject}#`, retries: 0 }
    const pinecone = new PortableConnector(pineconeConnector(settings), seams)
    expect(await codeOf(pinecone.call('erase', ana))).toBe('ERR_CONNECTOR')
    expect(deletions).toBe(0)
  })

  test('addresses and secrets that cannot be used are refused, and not repeated', async () => {
    const fields = { collection: 'c', tenantField: 't' }
    for (const url of ['', 'ftp://host', 'http://user:password@host']) {
      expect(await codeOf(() => qdrantConnector({ url, ...fields }))).toBe('ERR_INPUT_INVALID')
    }
    const error = await errorOf(() => qdrantConnector({ url: 'http://host', apiKey: 'se\ncret', ...fields }))
    expect(error.code).toBe('ERR_INPUT_INVALID')
    expect(error.message).not.toContain('cret')
    expect(await codeOf(() => webhookConnector({ url: 'http://host', secret: 'short' }))).toBe('ERR_INPUT_INVALID')
  })
})

describe('S3', () => {
  const clientAt = (endpoint: string) =>
    new S3Client({
      endpoint,
      region: 'eu-west-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    })
  const prefixes = ({ tenant, subject }: ConnectorScope) => [`${tenant}/${subject === null ? '' : `${subject}/`}`]

  test('what a lock keeps is not called removed, and is still counted', async () => {
    const store = new S3StandIn()
    await using server = await store.start()
    const s3 = new PortableConnector(
      s3Connector({ client: clientAt(server.address), bucket: 'bucket', prefixes, retries: 0 }),
      seams,
    )
    store.put('acme/ana/1')
    store.put('acme/ana/2')
    store.locked.add('acme/ana/2')
    expect((await errorOf(s3.call('erase', ana))).message).toBe(
      'connector s3: 1 objects could not be removed (AccessDenied)',
    )
    expect(await s3.call('verify', ana)).toBe(1)
  })

  test('a server that says there is more but not where fails', async () => {
    const body = '<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>'
    await using server = await LoopbackServer.start(() => ({
      status: 200,
      body,
      headers: { 'content-type': 'application/xml' },
    }))
    const s3 = new PortableConnector(
      s3Connector({ client: clientAt(server.address), bucket: 'bucket', prefixes, retries: 0 }),
      seams,
    )
    expect(await codeOf(s3.call('verify', ana))).toBe('ERR_CONNECTOR')
  })
})

describe.skipIf(redisVersion === null)(redisName, () => {
  const prefixes = ({ tenant, subject }: ConnectorScope) => [`${tenant}:${subject === null ? '' : `${subject}:`}`]

  test('one node of a cluster is refused: it does not tell what the others hold', async () => {
    await using redis = await RedisServer.start('--cluster-enabled', 'yes')
    const connector = new PortableConnector(redisConnector({ url: redis.url, prefixes, retries: 0 }), seams)
    expect((await errorOf(connector.call('verify', ana))).message).toBe(
      'connector redis: this Redis is one node of a cluster',
    )
  })

  test('an id that is a pattern reaches its own keys alone', async () => {
    await using redis = await RedisServer.start()
    const connector = new PortableConnector(redisConnector({ url: redis.url, prefixes, retries: 0 }), seams)
    const patterns = ['*', '?na', '[ab]na', 'an\\a']
    for (const subject of [...patterns, 'ana']) await redis.client.set(`acme:${subject}:k`, 'x')
    for (const subject of patterns) expect(await connector.call('erase', { tenant: 'acme', subject }), subject).toBe(1)
    expect(await redis.client.keys('*')).toEqual(['acme:ana:k'])
  })

  test('one that is killed under a call fails it', async () => {
    await using redis = await RedisServer.start()
    const connector = new PortableConnector(redisConnector({ url: redis.url, prefixes, retries: 0 }), seams)
    await redis.client.sendCommand(['CLIENT', 'PAUSE', '100000'])
    const call = codeOf(connector.call('erase', ana))
    await new Promise((resolve) => setTimeout(resolve, 100))
    await redis.kill()
    expect(await call).toBe('ERR_CONNECTOR')
    expect(await codeOf(connector.call('verify', ana))).toBe('ERR_CONNECTOR')
  })
})

import { createHmac } from 'node:crypto'
import { S3Client } from '@aws-sdk/client-s3'
import pg from 'pg'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../../../../test/database.ts'
import { type ConnectorPlace, testConnector } from '../../src/conformance/connector.ts'
import type { ConnectorScope } from '../../src/connectors/connector.ts'
import { pineconeConnector } from '../../src/connectors/drivers/pinecone.ts'
import { postgresTable } from '../../src/connectors/drivers/postgres-table.ts'
import { qdrantConnector } from '../../src/connectors/drivers/qdrant.ts'
import { redisConnector } from '../../src/connectors/drivers/redis.ts'
import { s3Connector } from '../../src/connectors/drivers/s3.ts'
import { webhookConnector } from '../../src/connectors/drivers/webhook.ts'
import { RedisServer, redisName, redisVersion } from '../support/redis-server.ts'
import { deadAddress, json, LoopbackServer } from './stand-ins/loopback-server.ts'
import { PineconeStandIn } from './stand-ins/pinecone.ts'
import { QdrantStandIn } from './stand-ins/qdrant.ts'
import { S3StandIn } from './stand-ins/s3.ts'

const patience = { retries: 0, timeoutMs: 20_000 }
const place = (tenant: string, subject: string | null) =>
  subject === null
    ? `app/${encodeURIComponent(tenant)}/`
    : `app/${encodeURIComponent(tenant)}/${encodeURIComponent(subject)}/`
const prefixes = ({ tenant, subject }: ConnectorScope) => [place(tenant, subject)]
/** A name below the scope's place; what belongs to the tenant as a whole has a place that no subject has. */
const nameOf = ({ tenant, subject }: ConnectorScope, n: number) =>
  `${place(tenant, subject)}${subject === null ? '~' : ''}${n}`

describe.skipIf(redisVersion === null)(redisName, () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await RedisServer.start()
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  test('keeps what a connector promises', async () => {
    const dead = (await deadAddress()).replace('http', 'redis')
    let made = 0
    await testConnector(async (): Promise<ConnectorPlace> => {
      await redis.client.flushAll()
      return {
        connector: redisConnector({ url: redis.url, prefixes, ...patience }),
        down: redisConnector({ url: dead, prefixes, ...patience }),
        async put(scope, items) {
          for (let n = 0; n < items; n++) {
            const name = nameOf(scope, made++)
            await (n % 2 === 0 ? redis.client.set(name, 'x') : redis.client.hSet(name, 'field', 'x'))
          }
        },
        async read(scope) {
          const wanted = prefixes(scope)[0]!
          return (await redis.client.keys('*')).filter((key) => key.startsWith(wanted))
        },
      }
    })
  })
})

describe('a table of PostgreSQL', () => {
  let database: TestDatabase
  let pool: pg.Pool
  let dead: pg.Pool
  beforeAll(async () => {
    database = await freshDatabase()
    pool = new pg.Pool({ ...database.admin, max: 3 })
    dead = new pg.Pool({ host: '127.0.0.1', port: Number(new URL(await deadAddress()).port), user: 'x', max: 1 })
    await pool.query('create schema "my app"')
    await pool.query('create table "my app"."Doc""uments" (id serial, "Tenant" text, "user id" text, body text)')
  })
  afterAll(async () => {
    await pool.end()
    await dead.end()
    await database.drop()
  })

  const table = { schema: 'my app', table: 'Doc"uments', tenantColumn: 'Tenant', ...patience }
  const make = (columns: { subjectColumn?: string }) => async (): Promise<ConnectorPlace> => {
    await pool.query('truncate "my app"."Doc""uments"')
    return {
      connector: postgresTable({ ...table, pool, ...columns }),
      down: postgresTable({ ...table, pool: dead, ...columns }),
      many: 12_000,
      async put({ tenant, subject }, items) {
        const text =
          'insert into "my app"."Doc""uments" ("Tenant", "user id", body) select $1, $2, \'x\' from generate_series(1, $3)'
        await pool.query(text, [tenant, subject, items])
      },
      async read({ tenant, subject }) {
        const text = 'select * from "my app"."Doc""uments" where "Tenant" = $1 and ($2::text is null or "user id" = $2)'
        return (await pool.query(text, [tenant, subject])).rows.map((row) => JSON.stringify(row))
      },
    }
  }

  test('with a column for the subject keeps what a connector promises', () =>
    testConnector(make({ subjectColumn: 'user id' })))
  test('with one for the tenant alone too', () => testConnector(make({})))
})

test('S3 keeps what a connector promises', async () => {
  const store = new S3StandIn()
  await using server = await store.start()
  const clientAt = (endpoint: string) =>
    new S3Client({
      endpoint,
      region: 'eu-west-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 1,
    })
  const [client, dead] = [clientAt(server.address), clientAt(await deadAddress())]
  let made = 0
  await testConnector(async () => {
    store.entries.length = 0
    store.uploads.length = 0
    return {
      connector: s3Connector({ client, bucket: 'bucket', prefixes, ...patience }),
      down: s3Connector({ client: dead, bucket: 'bucket', prefixes, ...patience }),
      async put(scope, items) {
        for (let n = 0; n < items; n++) {
          store.put(
            nameOf(scope, made++),
            n % 50 === 1 ? 'upload' : (['unversioned', 'version', 'marker'] as const)[n % 3],
          )
        }
      },
      async read(scope) {
        const all = [...store.entries, ...store.uploads].filter(({ key }) => key.startsWith(prefixes(scope)[0]!))
        return all.map((each) => JSON.stringify(each))
      },
    }
  })
  client.destroy()
  dead.destroy()
})

test('Qdrant keeps what a connector promises', async () => {
  const store = new QdrantStandIn('my docs', 'a-key')
  await using server = await store.start()
  const settings = { apiKey: 'a-key', collection: 'my docs', tenantField: 'tenant', subjectField: 'user', ...patience }
  const dead = await deadAddress()
  await testConnector(async () => {
    store.points.clear()
    return {
      connector: qdrantConnector({ url: `${server.address}/`, ...settings }),
      down: qdrantConnector({ url: dead, ...settings }),
      async put({ tenant, subject }, items) {
        for (let n = 0; n < items; n++) store.put({ tenant, ...(subject === null ? {} : { user: subject }) })
      },
      async read({ tenant, subject }) {
        const found = [...store.points].filter(
          ([, point]) => point.tenant === tenant && (subject === null || point.user === subject),
        )
        return found.map((point) => JSON.stringify(point))
      },
    }
  })
})

test('Pinecone keeps what a connector promises', async () => {
  const store = new PineconeStandIn('a-key')
  await using server = await store.start()
  const idPrefixOf = (subject: string) => `${encodeURIComponent(subject)}#`
  const settings = { apiKey: 'a-key', namespaceOf: encodeURIComponent, idPrefixOf, ...patience }
  const dead = await deadAddress()
  let made = 0
  await testConnector(async () => {
    store.namespaces.clear()
    return {
      connector: pineconeConnector({ host: server.address, ...settings }),
      down: pineconeConnector({ host: dead, ...settings }),
      async put({ tenant, subject }, items) {
        for (let n = 0; n < items; n++)
          store.put(encodeURIComponent(tenant), `${subject === null ? '' : idPrefixOf(subject)}${made++}`)
      },
      async read({ tenant, subject }) {
        const ids = [...(store.namespaces.get(encodeURIComponent(tenant)) ?? [])]
        return ids.filter((id) => subject === null || id.startsWith(idPrefixOf(subject)))
      },
    }
  })
})

test('a webhook keeps what a connector promises', async () => {
  const key = Buffer.alloc(32, 7)
  const held: ConnectorScope[] = []
  const within = (scope: ConnectorScope) => (each: ConnectorScope) =>
    each.tenant === scope.tenant && (scope.subject === null || each.subject === scope.subject)
  await using server = await LoopbackServer.start(({ method, headers, body }) => {
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = headers
    const code = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')
    if (method !== 'POST' || signature !== `v1,${code}` || Math.abs(Date.now() / 1000 - Number(at)) > 60)
      return { status: 401 }
    const { action, ...scope } = JSON.parse(body) as ConnectorScope & { action: string }
    const found = held.filter(within(scope))
    if (action === 'erase') held.splice(0, held.length, ...held.filter((each) => !found.includes(each)))
    return json(200, { items: found.length })
  })
  const settings = { secret: `whsec_${key.toString('base64')}`, ...patience }
  const dead = await deadAddress()
  await testConnector(async () => {
    held.length = 0
    return {
      connector: webhookConnector({ url: `${server.address}/erasures`, ...settings }),
      down: webhookConnector({ url: dead, ...settings }),
      async put(scope, items) {
        for (let n = 0; n < items; n++) held.push({ ...scope })
      },
      read: async (scope) => held.filter(within(scope)).map((each) => JSON.stringify(each)),
    }
  })
})

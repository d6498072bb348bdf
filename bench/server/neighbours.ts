import { setTimeout as sleep } from 'node:timers/promises'
import { median, percentile } from '../rounds.ts'
import { queryText } from '../texts.ts'
import { Client } from './client.ts'
import type { ServerProcess } from './server-process.ts'

export interface Window {
  /** Of the quiet clients' requests, in milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly requests: number
  /** Answers to quiet clients that were not 200. */
  readonly errors: number
  /** Answers to the loud one: served, refused. */
  readonly loud: readonly [served: number, refused: number]
}

export interface NeighbourOptions {
  readonly seconds: number
  /** Milliseconds between two requests of one quiet client. */
  readonly everyMs: number
  /** Requests that the loud one sends a second; 0: it is silent. */
  readonly loudPerSecond: number
}

/** Twice what may be under way of one credential by default: on fewer it would wait for answers, and not be loud. */
const loudConnections = 100

/** Quiet clients, one for each key, each at its own steady pace; and one loud neighbour beside them. */
export async function playWindow(
  server: ServerProcess,
  keys: readonly string[],
  loudKey: string,
  options: NeighbourOptions,
): Promise<Window> {
  const { seconds, everyMs, loudPerSecond } = options
  const start = performance.now()
  const until = start + seconds * 1000
  const took: number[] = []
  let errors = 0
  const loud: [number, number] = [0, 0]
  const quiet = async (key: string, number: number): Promise<void> => {
    const client = new Client(server.url, key)
    // Spread over the pace, and by the clock: were each to wait from its own answer on, one slow moment would bring many into step for good.
    const first = start + (everyMs * number) / keys.length
    for (let turn = 0; ; turn++) {
      await sleep(Math.max(0, first + turn * everyMs - performance.now()))
      if (performance.now() >= until) break
      const began = performance.now()
      const { status } = await client.send('POST', '/v1/memories/search', { query: queryText(number + turn), limit: 5 })
      took.push(performance.now() - began)
      if (status !== 200) errors++
    }
    client.close()
  }
  const shout = async (number: number): Promise<void> => {
    const client = new Client(server.url, loudKey)
    const paceMs = (1000 * loudConnections) / loudPerSecond
    const first = start + (paceMs * number) / loudConnections
    for (let turn = 0; ; turn++) {
      // By the clock too: what it could not send while it waited for an answer it sends at once.
      await sleep(Math.max(0, first + turn * paceMs - performance.now()))
      if (performance.now() >= until) break
      const { status } = await client.send('POST', '/v1/memories/search', { query: queryText(turn), limit: 100 })
      loud[status === 200 ? 0 : 1]++
    }
    client.close()
  }
  const shouting = loudPerSecond === 0 ? [] : Array.from({ length: loudConnections }, (_, number) => shout(number))
  await Promise.all([...keys.map(quiet), ...shouting])
  return { p50: median(took), p99: percentile(took, 0.99), requests: took.length, errors, loud }
}

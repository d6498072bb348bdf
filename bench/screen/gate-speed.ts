import { defaultScreenPolicy, extractive } from 'memkeep'
import { findIn } from '../../packages/memkeep/src/screening/finding.ts'
import { writeGate } from '../../packages/memkeep/src/screening/write-gate.ts'
import { memoryText } from '../texts.ts'

const parts = { screeners: [], distiller: extractive, policy: defaultScreenPolicy, contentBytes: 65_536 }

/** Ordinary sentences, so many bytes of them. */
export function gateText(bytes: number, from = 0): string {
  let text = ''
  for (let number = from; text.length < bytes; number++) text += `${memoryText(number)} `
  return text.slice(0, bytes)
}

const warmUp = 5_000

export interface Times {
  readonly p50: number
  readonly p99: number
}

/** In milliseconds. `alone`: one text after the other through the gate; `beside`: one now and then, between two calls of `add`. */
export async function gateTimes(
  rounds: number,
  add: (content: string) => Promise<unknown>,
): Promise<{ readonly alone: Times; readonly beside: Times; readonly add: Times }> {
  const texts = Array.from({ length: 500 }, (_, number) => gateText(200, 3 * number))
  const gate = (call: number): Promise<unknown> =>
    writeGate({ content: texts[call % texts.length]!, actor: 'user' }, parts)
  // As a process that has been serving for a while.
  for (let call = 0; call < warmUp; call++) await gate(call)
  const alone: number[] = []
  for (let call = 0; call < 4 * warmUp; call++) alone.push(await timed(() => gate(call)))
  const [beside, adds]: [number[], number[]] = [[], []]
  for (let round = -rounds; round < rounds; round++) {
    const gated = await timed(() => gate(round + rounds))
    const added = await timed(() => add(gateText(200, 5 * (round + rounds))))
    if (round < 0) continue
    beside.push(gated)
    adds.push(added)
  }
  return { alone: timesOf(alone), beside: timesOf(beside), add: timesOf(adds) }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

function timesOf(times: readonly number[]): Times {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)]!
  return { p50: at(0.5), p99: at(0.99) }
}

/** How much more a byte of a long text costs than one of a short text. 1 is linear. */
export function growth(textOf: (bytes: number) => string): number {
  const perByte = (bytes: number): number => {
    const text = textOf(bytes)
    const times = Array.from({ length: 25 }, () => {
      const began = performance.now()
      findIn(text)
      return performance.now() - began
    })
    return Math.min(...times) / bytes
  }
  perByte(4096)
  return perByte(32 * 1024) / perByte(4096)
}

/** Microseconds a byte that the slowest took of 2,000 random texts of these pieces and of ordinary words, each the fastest of three times, through the whole gate. */
export async function slowestOf(pieces: readonly string[], seed: number): Promise<number> {
  let state = seed
  // Park and Miller's.
  const random = (below: number): number => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
  const words = gateText(4096).split(' ')
  let slowest = 0
  for (let number = 0; number < 2000; number++) {
    let text = ''
    const bytes = 200 + random(4096)
    while (Buffer.byteLength(text) < bytes) {
      const piece = random(3) === 0 ? words[random(words.length)]! : pieces[random(pieces.length)]!
      text += piece.repeat(1 + random(random(4) === 0 ? 200 : 3))
    }
    const times: number[] = []
    for (let time = 0; time < 3; time++)
      times.push(await timed(() => writeGate({ content: text, actor: 'user' }, parts)))
    slowest = Math.max(slowest, (Math.min(...times) * 1000) / Buffer.byteLength(text))
  }
  return slowest
}

import assert from 'node:assert/strict'
import type { Witness, WitnessAnswer } from '../audit/witness.ts'
import { signCheckpoint } from '../proof/checkpoint.ts'
import { consistencyRanges } from '../proof/consistency-proof.ts'
import type { Signer } from '../proof/ed25519.ts'
import { Frontier } from '../proof/frontier.ts'
import type { NoteKey } from '../proof/note-key.ts'
import { sha256 } from '../proof/sha256.ts'
import { TreeHash } from '../proof/tree-hash.ts'
import { utf8 } from '../proof/utf8.ts'

export interface WitnessPlace {
  /** Has seen nothing, and takes the log of this key. */
  readonly witness: Witness
  /** The same witness, reached as another process would reach it, or after it was started anew. */
  readonly again: Witness
  readonly key: NoteKey
  readonly signer: Signer
}

/** Tries everything that a `Witness` promises. `make` is called for each check. Throws at the first promise that is not kept. */
export async function testWitness(make: () => Promise<WitnessPlace>): Promise<void> {
  for (const check of [seesALogGrow, tellsWhereItIs, refusesAnotherPast, refusesARollback, hasOneWinner])
    await check(await make())
}

const hash = new TreeHash(sha256)

/** Two logs that share their first 40 entries. */
class TestLog {
  readonly #place: WitnessPlace
  readonly #fork: number

  constructor(place: WitnessPlace, fork = Number.POSITIVE_INFINITY) {
    this.#place = place
    this.#fork = fork
  }

  #root(start: number, end: number): Uint8Array {
    const frontier = new Frontier(hash)
    for (let n = start; n < end; n++) frontier.append(hash.leaf(utf8(`${n < this.#fork ? 'entry' : 'other'} ${n}`)))
    return frontier.root()
  }

  async shown(oldSize: number, size: number) {
    const { key, signer } = this.#place
    const proof = consistencyRanges(oldSize, size).map(([start, end]) => this.#root(start, end))
    return { oldSize, proof, checkpoint: await signCheckpoint({ size, root: this.#root(0, size) }, key, signer) }
  }
}

const outcome = async (answer: Promise<WitnessAnswer>): Promise<string> => {
  const given = await answer
  return given.outcome === 'conflict' ? `conflict ${given.size}` : given.outcome
}

async function seesALogGrow(place: WitnessPlace): Promise<void> {
  const { witness, again } = place
  const log = new TestLog(place)
  assert.equal(await outcome(witness.add(await log.shown(0, 0))), 'seen', 'an empty log')
  const sizes = [0, 1, 2, 3, 7, 8, 9, 64, 65, 100]
  for (const [i, size] of sizes.entries()) {
    const by = i % 2 === 0 ? witness : again
    assert.equal(await outcome(by.add(await log.shown(sizes[i - 1] ?? 0, size))), 'seen', `grown to ${size}`)
    assert.equal(await outcome(by.add(await log.shown(size, size))), 'seen', 'the same head again')
  }
}

async function tellsWhereItIs(place: WitnessPlace): Promise<void> {
  const { witness, again } = place
  const log = new TestLog(place)
  await witness.add(await log.shown(0, 20))
  for (const old of [0, 7, 19])
    assert.equal(await outcome(again.add(await log.shown(old, 30))), 'conflict 20', 'another old size than what it saw')
  assert.equal(await outcome(again.add(await log.shown(0, 10))), 'conflict 20', 'a smaller log')
  assert.equal(await outcome(again.add(await log.shown(25, 30))), 'conflict 20', 'an old size that it never saw')
  assert.equal(await outcome(again.add(await log.shown(20, 30))), 'seen', 'and goes on from there')
}

async function refusesAnotherPast(place: WitnessPlace): Promise<void> {
  const { witness, again } = place
  await witness.add(await new TestLog(place).shown(0, 50))
  const other = new TestLog(place, 40)
  assert.equal(await outcome(again.add(await other.shown(50, 50))), 'conflict 50', 'another root of the same size')
  assert.equal(await outcome(again.add(await other.shown(50, 60))), 'inconsistent', 'another past')
  const good = await new TestLog(place).shown(50, 60)
  for (const proof of [[], good.proof.slice(1), [...good.proof, good.proof[0]!], good.proof.toReversed()])
    assert.equal(await outcome(again.add({ ...good, proof })), 'inconsistent', 'a proof that proves nothing')
  assert.equal(await outcome(again.add(good)), 'seen', 'a refusal leaves what it remembers')
}

async function refusesARollback(place: WitnessPlace): Promise<void> {
  const { witness, again } = place
  const log = new TestLog(place)
  await witness.add(await log.shown(0, 30))
  await witness.add(await log.shown(30, 60))
  for (const size of [0, 29, 30, 59])
    assert.equal(await outcome(again.add(await log.shown(Math.min(size, 30), size))), 'conflict 60', `back at ${size}`)
}

/** What two say at once, one of them is told about the other. */
async function hasOneWinner(place: WitnessPlace): Promise<void> {
  const { witness, again } = place
  for (let round = 0; round < 10; round++) {
    const size = round * 10
    const [log, other] = [new TestLog(place), new TestLog(place, size + 1)]
    const both = await Promise.all([
      outcome(witness.add(await log.shown(size, size + 10))),
      outcome(again.add(await other.shown(size, size + 9))),
    ])
    assert.ok(both.filter((each) => each === 'seen').length <= 1, `one of two forks at most: ${both.join(' and ')}`)
    const seen = both[0] === 'seen' ? log : both[1] === 'seen' ? other : null
    if (seen !== log) return
  }
}

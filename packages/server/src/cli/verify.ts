import { hash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { MemkeepError } from 'memkeep'
import { type LedgerReport, verifyAttestation, verifyColdFile, verifyLedger, verifyProof } from 'memkeep/verify'
import { readBounded } from '../import/read-bounded.ts'
import { type Arguments, readArguments, UsageError } from './arguments.ts'
import { bundleIn } from './bundle-directory.ts'
import { coldLinesOf } from './cold-lines.ts'
import type { Command } from './command.ts'
import { print, printJson, progress, shown } from './output.ts'
import { zstdMagic } from './zstd-frame.ts'

const mostBytes = 16 * 1024 * 1024
const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer')

export const verify: Command = {
  name: 'verify',
  takes: 'DIR|FILE [--key K] [--head FILE] [--deployment-key K] [--witness K] [--opening FILE] [--json]',
  does: 'checks a bundle of the ledger, an attestation, one proof or a cold file, offline; fails on any doubt',
  notes: [
    'DIR is what `memkeep audit export` wrote. FILE is the attestation of an erasure, a .tlog-proof of one event, or a',
    '.ndjson.zst of the cold tier.',
    'K is the public key of the log (vkey), as its operator published it. A proof needs it. Without it anything else is held',
    'against the key in it, which is that of whoever made it: then it is not said to be good, but "consistent, key not',
    'pinned", and by which key; --json says keyGiven false. --head FILE is a signed checkpoint that was',
    'kept from before: the bundle must reach it and agree with it. --deployment-key K asks for an anchor in the log of the',
    'deployment with that key; --witness K asks that the witness with that key has signed what it is anchored in.',
    '--opening FILE is what `audit.opening` gave beside a proof: the details of that event are shown.',
    'Names the first thing that is wrong and exits with 1. --json prints what was shown. Opens no deployment.',
  ],
  async run(args) {
    const given = readArguments(args, {
      values: ['key', 'head', 'deployment-key', 'witness', 'opening'],
      flags: ['json'],
      words: ['DIR|FILE'],
    })
    const path = given.words[0]!
    const place = await stat(path).catch(() => null)
    if (place === null) throw new MemkeepError('ERR_INPUT_INVALID', 'there is no such directory or file')
    return place.isDirectory() ? verifyBundle(path, given) : verifyFile(path, given)
  },
}

async function verifyBundle(path: string, given: Arguments): Promise<number> {
  const [key, head, deploymentKey] = [given.value('key'), given.value('head'), given.value('deployment-key')]
  const witness = given.value('witness')
  const report = await verifyLedger(bundleIn(path), {
    sha256,
    ...(key === undefined ? {} : { key }),
    ...(witness === undefined ? {} : { witnesses: [witness] }),
    ...(deploymentKey === undefined ? {} : { deploymentKey }),
    ...(head === undefined ? {} : { heads: [textOf(await readBounded(head, mostBytes))] }),
  })
  if (given.flag('json')) await printJson(plain(report))
  else await tell(report)
  return 0
}

async function tell({
  origin,
  size,
  minIndex,
  root,
  key,
  keyGiven,
  newestAt,
  checkpoints,
  proofs,
  anchor,
  previous,
  cosigned,
}: LedgerReport): Promise<void> {
  const newest = newestAt === null ? '' : `, newest of ${new Date(newestAt).toISOString()}`
  await print(`${verdict(keyGiven)}: ${size} events of ${shown(origin)}${newest}\n`)
  const heads =
    checkpoints.length === 1 ? '1 checkpoint' : `${checkpoints.length} checkpoints, each a beginning of the next`
  await print(`      root ${root}, ${heads}\n`)
  if (minIndex > 0) {
    const kept = proofs.filter((index) => index < minIndex).length
    await print(
      `      reads before ${minIndex} were pruned, as the log says; the ${kept} events that it says were kept are all here\n`,
    )
  }
  if (previous !== null) {
    await print(
      `      goes on from ${shown(previous.origin)} at ${previous.size}: a database that was set back was accepted\n`,
    )
  }
  if (anchor !== null) {
    const { origin: of, index } = anchor
    await print(`      first ${anchor.size} of ${size} events anchored in ${shown(of)} at ${index}\n`)
  }
  for (const seen of cosigned) {
    const at = new Date(seen.at * 1000).toISOString()
    await print(`      first ${seen.size} of ${size} events seen by ${shown(seen.witness)} at ${at}\n`)
  }
  await tellKey(keyGiven, key)
}

/** Without the details of opened events, which may be large: they are in the bundle. */
function plain({ opened, ...rest }: LedgerReport): object {
  return { ...rest, opened: opened.map(({ leaf }) => leaf.seq) }
}

async function verifyFile(path: string, given: Arguments): Promise<number> {
  if (await beginsWith(path, zstdMagic)) return cold(path, given)
  const text = textOf(await readBounded(path, mostBytes))
  // An envelope is one JSON object; a tlog-proof begins with its format's name.
  return text.startsWith('{') ? attestation(text, given) : proof(text, given)
}

async function beginsWith(path: string, magic: Buffer): Promise<boolean> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(magic.length), 0, magic.length, 0)
    return buffer.subarray(0, bytesRead).equals(magic)
  } finally {
    await file.close()
  }
}

async function cold(path: string, given: Arguments): Promise<number> {
  const key = given.value('key')
  const report = await verifyColdFile(coldLinesOf(path), { sha256, ...(key === undefined ? {} : { key }) })
  if (given.flag('json')) await printJson(report)
  else {
    const { origin, from, to, size, events } = report
    await print(
      `${verdict(report.keyGiven)}: events ${from} to ${to - 1} of ${shown(origin)}, of which ${events} are reads kept here alone\n`,
    )
    await print(`      shown by a checkpoint of size ${size}\n`)
    await tellKey(report.keyGiven, report.key)
  }
  return 0
}

async function proof(text: string, given: Arguments): Promise<number> {
  const key = given.value('key')
  if (key === undefined) throw new UsageError('a proof is checked against a key: --key K')
  const opening = given.value('opening')
  const report = await verifyProof(text, key, {
    sha256,
    ...(opening === undefined ? {} : { opening: textOf(await readBounded(opening, mostBytes)) }),
  })
  const details = report.details?.map((part) => part && textOf(part)) ?? null
  if (given.flag('json')) await printJson({ ...report, details })
  else {
    const { origin, index, size, leaf } = report
    await print(`good: event ${index} of ${size} in ${shown(origin)}\n`)
    await print(
      `      ${leaf.op} ${leaf.outcome} by ${leaf.actorClass}, ${leaf.resource}, ${new Date(leaf.at).toISOString()}\n`,
    )
    for (const part of details ?? []) await print(`      details ${part === null ? 'kept shut' : shown(part)}\n`)
  }
  return 0
}

async function attestation(text: string, given: Arguments): Promise<number> {
  const key = given.value('key')
  const report = await verifyAttestation(text, { sha256, ...(key === undefined ? {} : { key }) })
  if (given.flag('json')) await printJson(report)
  else {
    const { predicate } = report
    const deleted = predicate.stores.reduce((sum, store) => sum + store.deleted, 0)
    await print(
      `${verdict(report.keyGiven)}: erasure ${shown(predicate.id)} of a ${predicate.kind}, barred ${predicate.barrierAt}\n`,
    )
    await print(`      ${deleted} rows deleted, none left; ${predicate.keysDestroyed} keys destroyed\n`)
    await print(`      event ${predicate.log.index} of ${shown(predicate.log.origin)}\n`)
    for (const { what, until } of predicate.notCovered) {
      await print(`      not covered: ${shown(what)}${until === null ? '' : `, until ${until}`}\n`)
    }
    await tellKey(report.keyGiven, report.key)
  }
  return 0
}

/** Without a key from elsewhere a file agrees with itself, which whoever made it saw to. */
function verdict(keyGiven: boolean): string {
  return keyGiven ? 'good' : 'consistent, key not pinned'
}

async function tellKey(keyGiven: boolean, key: string): Promise<void> {
  if (keyGiven) return
  await print(`      all of this holds for whoever has the key ${shown(key)}\n`)
  progress('the key is the file’s own word: give the one that the operator published with --key K')
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8')
}

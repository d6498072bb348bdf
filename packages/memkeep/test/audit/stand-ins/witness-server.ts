import { createHash, createPublicKey, type KeyObject, sign as signBytes, verify as verifyBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { type Answer, LoopbackServer, type Received } from '../../connectors/stand-ins/loopback-server.ts'

interface Head {
  readonly size: number
  /** Base64. */
  readonly root: string
}

/** A log that a witness takes: its origin, the id and the key of its signatures. */
export interface KnownLog {
  readonly origin: string
  readonly keyId: Buffer
  readonly publicKey: Buffer
}

export interface WitnessKeys {
  readonly name: string
  readonly keyId: Buffer
  readonly privateKey: KeyObject
}

const sha = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
const node = (left: Buffer, right: Buffer): Buffer => sha(Buffer.of(1), left, right)

/**
 * A witness written from the text of C2SP tlog-witness, with nothing of the kernel: its own note, its own proof check (the
 * recursion of RFC 6962 §2.1.2 read backwards). Remembers its heads in a file, before it answers.
 */
export class WitnessServer {
  readonly #logs: readonly KnownLog[]
  readonly #keys: WitnessKeys
  readonly #file: string
  /** For tests that show what a broken witness would let pass. */
  broken: 'agrees to everything' | 'forgets' | 'signs nothing' | null = null
  requests = 0

  constructor(logs: readonly KnownLog[], keys: WitnessKeys, file: string) {
    this.#logs = logs
    this.#keys = keys
    this.#file = file
  }

  listen(): Promise<LoopbackServer> {
    return LoopbackServer.start((request) => this.#answer(request))
  }

  #heads(): Record<string, Head> {
    return existsSync(this.#file) ? JSON.parse(readFileSync(this.#file, 'utf8')) : {}
  }

  // One after another, as everything in it is synchronous: the check and the store cannot be parted.
  #answer({ method, path, body }: Received): Answer {
    this.requests++
    if (method !== 'POST' || !path.endsWith('/add-checkpoint')) return { status: 405 }
    const request = readRequest(body)
    if (request === null) return { status: 400 }
    const { oldSize, proof, origin, head, text, signatures } = request
    const log = this.#logs.find((each) => each.origin === origin)
    if (log === undefined) return { status: 404 }
    if (!signatures.some((line) => isSignedBy(log, text, line))) return { status: 403 }
    if (oldSize > head.size) return { status: 400 }
    const last = this.#heads()[origin] ?? { size: 0, root: sha().toString('base64') }
    if (this.broken !== 'agrees to everything') {
      const conflict = { status: 409, body: `${last.size}\n`, headers: { 'content-type': 'text/x.tlog.size' } }
      if (oldSize !== last.size) return conflict
      if (oldSize === head.size && last.root !== head.root) return conflict
      if (!proves(last, head, proof)) return { status: 422 }
    }
    if (this.broken !== 'forgets') {
      writeFileSync(`${this.#file}.new`, JSON.stringify({ ...this.#heads(), [origin]: head }))
      renameSync(`${this.#file}.new`, this.#file)
    }
    return { status: 200, body: this.broken === 'signs nothing' ? '' : this.#cosignature(text) }
  }

  #cosignature(text: string): string {
    const time = Math.floor(Date.now() / 1000)
    const signature = signBytes(null, Buffer.from(`cosignature/v1\ntime ${time}\n${text}`), this.#keys.privateKey)
    const stamp = Buffer.alloc(8)
    stamp.writeBigUInt64BE(BigInt(time))
    return `\u2014 ${this.#keys.name} ${Buffer.concat([this.#keys.keyId, stamp, signature]).toString('base64')}\n`
  }
}

function readRequest(body: string) {
  const [asked, ...rest] = body.split('\n\n')
  const note = rest.join('\n\n')
  const [first, ...lines] = asked!.split('\n')
  const old = /^old (0|[1-9]\d*)$/.exec(first!)
  const parts = /^([^\n]+)\n(0|[1-9]\d*)\n([A-Za-z0-9+/]{43}=)\n\n((?:\u2014 \S+ \S+\n)+)$/u.exec(note)
  if (old === null || parts === null || lines.length > 63) return null
  const [, origin, size, root, signatures] = parts
  return {
    oldSize: Number(old[1]),
    proof: lines.map((line) => Buffer.from(line, 'base64')),
    origin: origin!,
    head: { size: Number(size), root: root! },
    text: `${origin}\n${size}\n${root}\n`,
    signatures: signatures!.trimEnd().split('\n'),
  }
}

function isSignedBy(log: KnownLog, text: string, line: string): boolean {
  const [, name, encoded] = line.split(' ')
  const bytes = Buffer.from(encoded!, 'base64')
  if (name !== log.origin || !bytes.subarray(0, 4).equals(log.keyId)) return false
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), log.publicKey])
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  return verifyBytes(null, Buffer.from(text), key, bytes.subarray(4))
}

/** SUBPROOF of RFC 6962 §2.1.2, from its end: the roots of both trees that the hashes lead to. */
function proves(last: Head, head: Head, proof: readonly Buffer[]): boolean {
  if (last.size === 0 || last.size === head.size) return proof.length === 0
  const left = [...proof]
  const old = Buffer.from(last.root, 'base64')
  const walk = (m: number, n: number, whole: boolean): [Buffer, Buffer] | null => {
    if (m === n) {
      const here = whole ? old : left.pop()
      return here === undefined ? null : [here, here]
    }
    let k = 1
    while (k * 2 < n) k *= 2
    const sibling = left.pop()
    if (sibling === undefined) return null
    const below = m <= k ? walk(m, k, whole) : walk(m - k, n - k, false)
    if (below === null) return null
    return m <= k ? [below[0], node(below[1], sibling)] : [node(sibling, below[0]), node(sibling, below[1])]
  }
  const roots = walk(last.size, head.size, true)
  return roots !== null && left.length === 0 && roots[0].equals(old) && roots[1].toString('base64') === head.root
}

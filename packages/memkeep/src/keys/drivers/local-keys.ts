import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { MemkeepError } from '../../core/errors.ts'
import type { KeyProvider } from '../key-provider.ts'
import { checkOwnerOnly } from './owner-only.ts'

export interface LocalKeysInput {
  /** Path of the root key. Back it up apart from the key store and from the database. */
  readonly file: string
}

const head = 'memkeep root key 1\n'
const destroyedHead = 'memkeep root key destroyed '
const draftMark = '.new-'
const keyBytes = 32
const fileForm = /^memkeep root key 1\n[0-9a-f]{64}\n$/
const destroyedForm = /^memkeep root key destroyed (local-[0-9a-f]{16})\n$/
const [nonceBytes, tagBytes] = [12, 16]

/**
 * A root key in a file of mode 0600. The file is made by the first `wrap` when there is none: `unwrap` and `id` never make
 * one, and throw `ERR_KEY_UNAVAILABLE` when it is missing. `renew` puts the next one beside it (`<file>.2`, `<file>.3`, …): the last
 * one wraps. `destroy` writes zeros over a key and leaves a file that says so; what a file system or a disk keeps of
 * what was written over is not in its power. Files are read for each call and not kept in memory.
 * Throws `ERR_STORE_UNSAFE` when others can read a file, when another user owns it, or when it is not a root key.
 */
export function localKeys(input: LocalKeysInput): KeyProvider {
  const file = resolve(input.file)
  return Object.freeze({
    file,
    get id() {
      return withKey(newestOf(file), idOf)
    },
    async wrap(key: Uint8Array, context: Uint8Array) {
      makeWhenAbsent(file)
      return withKey(newestOf(file), (root) => seal(root, key, context))
    },
    async unwrap(wrapped: Uint8Array, context: Uint8Array, id?: string) {
      const own = id === undefined ? newestOf(file) : fileOf(file, id)
      return withKey(own, (root) => open(root, wrapped, context))
    },
    async renew() {
      const next = `${file}.${filesOf(file).length + 1}`
      makeWhenAbsent(next)
      return withKey(newestOf(file), idOf)
    },
    async destroy(id: string) {
      destroyKey(file, id)
      return new Date()
    },
  })
}

function idOf(key: Buffer): string {
  return `local-${createHmac('sha256', key).update('memkeep root key id').digest('hex').slice(0, 16)}`
}

/** The files of the root keys, the first one first. There is no gap: a key that was destroyed leaves its file. */
function filesOf(file: string): string[] {
  const found = [file]
  while (existsSync(`${file}.${found.length + 1}`)) found.push(`${file}.${found.length + 1}`)
  return found
}

function newestOf(file: string): string {
  return filesOf(file).at(-1)!
}

/** The file of the key with that id. Throws `ERR_KEY_DESTROYED` for one that says it is no more. */
function fileOf(file: string, id: string): string {
  for (const each of filesOf(file)) {
    const destroyed = destroyedForm.exec(readOwnFile(each).toString('latin1'))
    if (destroyed?.[1] === id) throw new MemkeepError('ERR_KEY_DESTROYED', 'that root key was destroyed')
    if (destroyed === null && withKey(each, idOf) === id) return each
  }
  throw new MemkeepError('ERR_KEY_UNAVAILABLE', 'what it wrapped is of another root key')
}

function destroyKey(file: string, id: string): void {
  if (withKey(newestOf(file), idOf) === id) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'the root key that wraps now is not destroyed')
  }
  let own: string
  try {
    own = fileOf(file, id)
  } catch (error) {
    if (error instanceof MemkeepError && error.code === 'ERR_KEY_DESTROYED') return
    throw error
  }
  // First the file that says so in its place, then zeros over what it took the place of: killed between, the key is out of reach.
  const descriptor = openSync(own, 'r+')
  try {
    const draft = own + draftMark + randomBytes(8).toString('hex')
    writeDurably(draft, `${destroyedHead}${id}\n`)
    renameSync(draft, own)
    syncDirectory(dirname(own))
    writeSync(descriptor, Buffer.alloc(fstatSync(descriptor).size), 0, undefined, 0)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function seal(root: Buffer, key: Uint8Array, context: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', root, nonce, { authTagLength: tagBytes }).setAAD(context)
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()])
}

function open(root: Buffer, wrapped: Uint8Array, context: Uint8Array): Buffer {
  try {
    const end = wrapped.length - tagBytes
    const nonce = wrapped.subarray(0, nonceBytes)
    const decipher = createDecipheriv('aes-256-gcm', root, nonce, { authTagLength: tagBytes }).setAAD(context)
    decipher.setAuthTag(wrapped.subarray(end))
    const key = decipher.update(wrapped.subarray(nonceBytes, end))
    decipher.final()
    return key
  } catch {
    throw new MemkeepError('ERR_SEAL_BROKEN', 'the wrapped key does not open under this root key')
  }
}

/** Lends the root key to `use`, then zero-fills it. */
function withKey<T>(file: string, use: (key: Buffer) => T): T {
  const text = readOwnFile(file)
  const key = Buffer.alloc(keyBytes)
  try {
    if (!fileForm.test(text.toString('latin1'))) {
      throw new MemkeepError('ERR_STORE_UNSAFE', `${file} is not a Memkeep root key`)
    }
    key.write(text.toString('latin1', head.length), 'hex')
    return use(key)
  } finally {
    key.fill(0)
    text.fill(0)
  }
}

function readOwnFile(file: string): Buffer {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw new MemkeepError('ERR_KEY_UNAVAILABLE', `the root key ${file} ${missing ? 'is missing' : 'cannot be read'}`, {
      cause,
    })
  }
  try {
    // Of the opened file, not of the path: nobody can put another in between.
    checkOwnerOnly(fstatSync(descriptor), file)
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Whole or not at all, also when killed; of several processes one makes it. */
function makeWhenAbsent(file: string): void {
  const directory = dirname(file)
  if (!existsSync(file)) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const key = randomBytes(keyBytes)
    const draft = file + draftMark + randomBytes(8).toString('hex')
    writeDurably(draft, `${head}${key.toString('hex')}\n`)
    key.fill(0)
    linkUnlessThere(draft, file)
    rmSync(draft, { force: true })
    syncDirectory(directory)
  }
  removeSecondNames(file)
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}

function linkUnlessThere(draft: string, file: string): void {
  try {
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** A process that was killed at once after making the key left it a second name: destroying the file must destroy the key. */
function removeSecondNames(file: string): void {
  const { ino } = statSync(file)
  for (const name of readdirSync(dirname(file))) {
    const path = join(dirname(file), name)
    if (path.startsWith(file + draftMark) && statSync(path, { throwIfNoEntry: false })?.ino === ino) {
      rmSync(path, { force: true })
    }
  }
}

function writeDurably(path: string, text: string): void {
  const descriptor = openSync(path, 'wx', 0o600)
  try {
    writeSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

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
const draftMark = '.new-'
const keyBytes = 32
const fileForm = /^memkeep root key 1\n[0-9a-f]{64}\n$/
const [nonceBytes, tagBytes] = [12, 16]

/**
 * A root key in a file of mode 0600. The file is made by the first `wrap` when there is none: `unwrap` and `id` never make
 * one, and throw `ERR_KEY_UNAVAILABLE` when it is missing. It is read for each call and not kept in memory.
 * Throws `ERR_STORE_UNSAFE` when others can read the file, when another user owns it, or when it is not a root key.
 */
export function localKeys(input: LocalKeysInput): KeyProvider {
  const file = resolve(input.file)
  return Object.freeze({
    file,
    get id() {
      return withKey(file, (key) => {
        return `local-${createHmac('sha256', key).update('memkeep root key id').digest('hex').slice(0, 16)}`
      })
    },
    async wrap(key: Uint8Array, context: Uint8Array) {
      makeWhenAbsent(file)
      return withKey(file, (root) => seal(root, key, context))
    },
    async unwrap(wrapped: Uint8Array, context: Uint8Array) {
      return withKey(file, (root) => open(root, wrapped, context))
    },
  })
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
    const descriptor = openSync(directory, 'r')
    fsyncSync(descriptor)
    closeSync(descriptor)
  }
  removeSecondNames(file)
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

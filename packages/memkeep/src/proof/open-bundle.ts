import { type BundleManifest, decodeManifest } from './bundle-manifest.ts'
import { bundleReadme } from './bundle-readme.ts'
import { BundleTree, fileBytes } from './bundle-tree.ts'
import { sameBytes } from './byte-string.ts'
import { type CheckedCheckpoint, checkSignatures } from './check-signatures.ts'
import { bundleFile, type LedgerBundle, pathsOf } from './ledger-bundle.ts'
import { formatNoteKey, isSameKey, type NoteKey, type NoteKeyType, parseNoteKey } from './note-key.ts'
import { checking, proofInvalid } from './proof-invalid.ts'
import { publicKeyPem } from './public-key-pem.ts'
import type { Sha256 } from './sha256.ts'
import { tileWidth } from './tile-path.ts'
import { TreeHash } from './tree-hash.ts'
import { textOf, utf8 } from './utf8.ts'

/** A bundle whose files are the right ones, with the checkpoint and the keys that the rest is held against. */
export interface OpenBundle {
  readonly bundle: LedgerBundle
  readonly manifest: BundleManifest
  readonly sha256: Sha256
  readonly hash: TreeHash
  readonly key: NoteKey
  readonly witnesses: readonly NoteKey[]
  /** The newest checkpoint. */
  readonly head: CheckedCheckpoint
  readonly tiles: BundleTree
}

/**
 * Checks the list of files, the keys, the README and the newest checkpoint; the tiles were not looked at yet. `trusted` is the
 * log's verifier key as the auditor got it elsewhere. Throws `ERR_PROOF_INVALID`.
 */
export async function openBundle(
  bundle: LedgerBundle,
  sha256: Sha256,
  trusted: string | undefined,
): Promise<OpenBundle> {
  const manifest = await checking(bundleFile.manifest, async () =>
    decodeManifest(await fileBytes(bundle, bundleFile.manifest)),
  )
  await checkPaths(bundle, manifest)
  const key = await checking(bundleFile.key, async () => {
    const found = parseKeyFile(sha256, await fileBytes(bundle, bundleFile.key))
    if (found.name !== manifest.origin) throw proofInvalid('it is the key of another log')
    if (trusted !== undefined && !isSameKey(found, parseKey(sha256, trusted, 1)))
      throw proofInvalid('it is not the key that was given')
    return found
  })
  const witnesses = await checking(bundleFile.manifest, () =>
    manifest.witnesses.map((text) => parseKey(sha256, text, 4)),
  )
  await checkText(bundle, bundleFile.pem, publicKeyPem(key.publicKey))
  await checkText(bundle, bundleFile.readme, bundleReadme(manifest, key))
  const head = await checking(bundleFile.checkpoint, async () => {
    // Witnesses see the deployment's log. A tenant's head carries their lines only where it is that log's own.
    const signers = manifest.anchor === null ? witnesses : []
    const checked = await checkSignatures(textOf(await fileBytes(bundle, bundleFile.checkpoint)), key, signers)
    if (checked.checkpoint.size !== manifest.size) throw proofInvalid('its size is not the one in bundle.json')
    return checked
  })
  const hash = new TreeHash(sha256)
  return { bundle, manifest, sha256, hash, key, witnesses, head, tiles: new BundleTree(bundle, manifest, hash) }
}

/** A verifier key of the type asked for. Throws `ERR_PROOF_INVALID`. */
export function parseKey(sha256: Sha256, text: string, type: NoteKeyType): NoteKey {
  const key = parseNoteKey(sha256, text)
  if (key.type !== type) throw proofInvalid('a verifier key of another type')
  return key
}

/** A log's key in a file of one line. Throws `ERR_PROOF_INVALID`. */
export function parseKeyFile(sha256: Sha256, bytes: Uint8Array): NoteKey {
  const text = textOf(bytes)
  const key = parseKey(sha256, text.slice(0, -1), 1)
  if (keyFile(key) !== text) throw proofInvalid('not one line')
  return key
}

export function keyFile(key: NoteKey): string {
  return `${formatNoteKey(key)}\n`
}

/** Checks that a file has exactly this text, which follows from the others. Throws `ERR_PROOF_INVALID`. */
export async function checkText(bundle: LedgerBundle, path: string, text: string): Promise<void> {
  await checking(path, async () => {
    if (!sameBytes(await fileBytes(bundle, path), utf8(text)))
      throw proofInvalid('it is not what the rest of the bundle makes it')
  })
}

async function checkPaths(bundle: LedgerBundle, manifest: BundleManifest): Promise<void> {
  const listed = await bundle.list()
  const least = (manifest.size - manifest.minIndex) / tileWidth
  if (least > listed.length) throw proofInvalid(`${bundleFile.manifest}: its size calls for more files than there are`)
  const expected = pathsOf(manifest)
  const found = new Set(listed)
  const missing = expected.find((path) => !found.has(path))
  if (missing !== undefined) throw proofInvalid(`${missing}: it is missing`)
  const known = new Set(expected)
  const strange = listed.find((path) => !known.has(path))
  if (strange !== undefined) throw proofInvalid(`${strange}: it does not belong to this bundle`)
  if (listed.length !== found.size) throw proofInvalid('a file is listed twice')
}

import type { BundleManifest } from './bundle-manifest.ts'
import { goVerifier } from './go-verifier.ts'
import { bundleFile } from './ledger-bundle.ts'
import { formatNoteKey, type NoteKey } from './note-key.ts'

/**
 * The README of a bundle, which follows from its manifest and key alone, so that nobody can put other instructions into an
 * auditor's hands. Its text belongs to the format: other words are another version of the bundle.
 */
export function bundleReadme(manifest: BundleManifest, key: NoteKey): string {
  const { origin, size, minIndex } = manifest
  return `# A ledger of Memkeep

This directory is the log \`${origin}\` with ${size} events, as it stood when it was exported.
${pruning(minIndex)}
Nothing here has to be believed: every file follows from the signed \`${bundleFile.checkpoint}\`, and can be checked offline.
First compare the log's key with the one that its operator published elsewhere:

    ${formatNoteKey(key)}

## What is here

- \`${bundleFile.checkpoint}\`: the newest tree head, a signed note (c2sp.org/tlog-checkpoint); \`checkpoints/SIZE\`: older ones.
- \`tile/\`: the Merkle tree of RFC 6962 and its entries (c2sp.org/tlog-tiles). An entry is one line of JSON.
- \`consistency/OLD-NEW\`: that the older head is a beginning of the newer (the request of c2sp.org/tlog-witness).
- \`proofs/INDEX.tlog-proof\`: that one event is in the log, with the event (c2sp.org/tlog-proof).
- \`openings/INDEX.json\`: the details of an event, opened. A part with \`key\` and \`details\` (base64) has the HMAC-SHA-256 of
  the details under that key; \`commit\` is that of a part kept shut. The event's \`commit\` is the HMAC itself for one part,
  and SHA-256 of \`memkeep/commit@v1\`, a newline and all HMACs for more.
- \`anchor/\`: that the deployment's own log committed to a head of this one.
${following(manifest.previous)}- \`${bundleFile.key}\`, \`${bundleFile.pem}\`: the key of the log, for note tools and for openssl. \`${bundleFile.manifest}\`: what is in the bundle.

## With Memkeep

    memkeep verify DIRECTORY --key '${formatNoteKey(key)}'

## With openssl: the signature

    text=$(mktemp) signature=$(mktemp)
    sed '/^$/,$d' checkpoint > "$text"
    grep -m 1 -F -- '${dash} ${origin} ' checkpoint | cut -d ' ' -f 3 | base64 -d | tail -c 64 > "$signature"
    openssl pkeyutl -verify -pubin -inkey log.pem -rawin -in "$text" -sigfile "$signature"

## With Go: signatures, tree, entries, proofs, and what a pruning kept

In an empty directory: \`go mod init check && go get golang.org/x/mod\`, this as \`main.go\`, then \`go run . DIRECTORY\`. Offline, with
Debian's \`golang-golang-x-mod-dev\`: \`GO111MODULE=off GOPATH=/usr/share/gocode go run main.go DIRECTORY\`.

\`\`\`go
${goVerifier}\`\`\`

## What it shows, and what it does not

It shows that no event in the log was changed, dropped or reordered since the head was signed, and that the heads are of one log.
Whether the operator shows others another log, or this one only up to here, is shown by heads that were kept elsewhere: by a
witness, or by you. That everything that happened was logged is not shown by any log.
`
}

const dash = '\u2014'

function pruning(minIndex: number): string {
  if (minIndex === 0) return 'All of its entries are here.'
  return `Entries before ${minIndex} were pruned (c2sp.org/tlog-tiles, Pruning): their tree can be checked, and they are not here.
The log says so itself, and which of them were kept: those are in \`proofs/\`, all of them. Each of its events \`audit.prune\` goes on
from the one before, with the resource \`min-index:N-DIGEST\`: the digest is SHA-256 over \`memkeep/kept@v1\`, the log's name, the run
(from where the one before ended, a space, N), and each kept index in it, all of them lines.`
}

function following(previous: string | null): string {
  if (previous === null) return ''
  return `- \`${bundleFile.previous}\`: the last head of the log that this one goes on from, signed with \`${previous}\`. A database that
  was set back was accepted there, by an administrator; what that log had beyond this head is lost. The first event names it.
`
}

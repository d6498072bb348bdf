import type { BundleManifest } from './bundle-manifest.ts'
import { bundlesOf, tilePath, tilesOf } from './tile-path.ts'

/** A directory with a bundle in it, or what stands for one: paths are relative, with `/` between. */
export interface LedgerBundle {
  /** Every file, in any order. */
  list(): Promise<readonly string[]>
  /** Null when there is no such file. */
  read(path: string): Promise<Uint8Array | null>
}

/** The files that stand in every bundle. */
export const bundleFile = Object.freeze({
  readme: 'README.md',
  manifest: 'bundle.json',
  key: 'log.vkey',
  pem: 'log.pem',
  checkpoint: 'checkpoint',
  deploymentKey: 'anchor/deployment.vkey',
  deploymentProof: 'anchor/deployment.tlog-proof',
  head: 'anchor/head.json',
  previous: 'previous/checkpoint',
})

export const checkpointFile = (size: number): string => `checkpoints/${size}`
export const consistencyFile = (older: number, newer: number): string => `consistency/${older}-${newer}`
export const proofFile = (index: number): string => `proofs/${index}.tlog-proof`
export const openingFile = (index: number): string => `openings/${index}.json`

/** Every path of a bundle with this manifest: all of them must be there, and no other. */
export function pathsOf(manifest: BundleManifest): string[] {
  const { size, minIndex, checkpoints, proofs, openings, anchor } = manifest
  const { readme, manifest: json, key, pem, checkpoint, deploymentKey, deploymentProof, head, previous } = bundleFile
  return [
    ...[readme, json, key, pem, checkpoint],
    ...(anchor === null ? [] : [deploymentKey, deploymentProof, head]),
    ...(manifest.previous === null ? [] : [previous]),
    ...checkpoints.map(checkpointFile),
    ...checkpoints.map((older, i) => consistencyFile(older, checkpoints[i + 1] ?? size)),
    ...proofs.map(proofFile),
    ...openings.map(openingFile),
    ...tilesOf(size, minIndex).map(tilePath),
    ...bundlesOf(size, minIndex).map(tilePath),
  ]
}

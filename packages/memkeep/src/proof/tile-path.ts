import { fromDecimal, isIndex } from './decimal.ts'
import { proofInvalid } from './proof-invalid.ts'

/** Hashes in a full tile, and entries in a full bundle. */
export const tileWidth = 256

/** A tile of hashes at a level (0 to 6 are ever needed), or a bundle of entries; `width` from 1 to 256. */
export interface Tile {
  readonly level: number | 'entries'
  readonly index: number
  readonly width: number
}

/** C2SP tlog-tiles: `tile/0/x001/x234/067`, `tile/entries/000.p/17`. */
export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g)!
  const name = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/')
  return `tile/${level}/${name}${width < tileWidth ? `.p/${width}` : ''}`
}

/** The tile that a path names; `ERR_PROOF_INVALID` for any path that `tilePath` does not make. */
export function parseTilePath(path: string): Tile {
  const parts = /^tile\/(entries|[0-5]?\d|6[0-3])\/((?:x\d{3}\/)*\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path)
  if (parts === null) throw proofInvalid('not the path of a tile')
  const [, level, name, width] = parts
  const tile: Tile = {
    level: level === 'entries' ? level : fromDecimal(level!),
    index: Number(name!.replace(/[x/]/g, '')),
    width: width === undefined ? tileWidth : fromDecimal(width),
  }
  if (!isIndex(tile.index) || tile.width === 0 || tilePath(tile) !== path) {
    throw proofInvalid('not the path of a tile')
  }
  return tile
}

/**
 * Every tile of a log of `size` leaves whose first `minIndex` (a multiple of 256) entries were pruned, highest level first, left
 * to right. Of a pruned log the tiles and bundles that end at or before `minIndex` are left out.
 */
export function tilesOf(size: number, minIndex = 0): Tile[] {
  const levels: Tile[][] = []
  for (let level = 0, span = 1; Math.floor(size / span) > 0; level++, span *= tileWidth) {
    levels.unshift(tilesAt(level, Math.floor(size / span), Math.floor(minIndex / (span * tileWidth))))
  }
  return levels.flat()
}

/** The bundles that hold the same log's entries, left to right. */
export function bundlesOf(size: number, minIndex = 0): Tile[] {
  return tilesAt('entries', size, Math.floor(minIndex / tileWidth))
}

function tilesAt(level: Tile['level'], hashes: number, first: number): Tile[] {
  const tiles: Tile[] = []
  for (let index = first; index * tileWidth < hashes; index++) {
    tiles.push({ level, index, width: Math.min(tileWidth, hashes - index * tileWidth) })
  }
  return tiles
}

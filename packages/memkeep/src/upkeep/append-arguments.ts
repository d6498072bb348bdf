import { byteaArray, int2Array, int8Array, textArray, uuidArray } from '../store/wire-arrays.ts'
import type { AppendedLog } from './append-events.ts'

/** The arguments of doorway `sequence`, in its order, but for the detail. */
export function appendArguments(logs: readonly AppendedLog[]): Buffer[] {
  const entries = logs.flatMap(({ entries, size }, log) =>
    entries.map((entry, i) => ({ ...entry, log: log + 1, seq: size + i })),
  )
  const tiles = logs.flatMap((each, log) => each.tiles.map((tile) => ({ ...tile, log: log + 1 })))
  return [
    byteaArray(logs.map(({ tenant }) => tenant)),
    int8Array(logs.map(({ line }) => line)),
    int8Array(logs.map(({ size }) => size)),
    int8Array(logs.map(({ size, entries }) => size + entries.length)),
    textArray(logs.map(({ key }) => key.vkey)),
    textArray(logs.map(({ note }) => note)),
    int8Array(entries.map(({ log }) => log)),
    int8Array(entries.map(({ seq }) => seq)),
    uuidArray(entries.map(({ event }) => event)),
    int2Array(entries.map((entry) => entry.class)),
    int8Array(entries.map(({ under }) => under)),
    int8Array(entries.map(({ key_epoch }) => key_epoch)),
    int8Array(entries.map(({ key_version }) => key_version)),
    byteaArray(entries.map(({ entry }) => entry)),
    int8Array(tiles.map(({ log }) => log)),
    int2Array(tiles.map(({ level }) => level)),
    int8Array(tiles.map(({ index }) => index)),
    byteaArray(tiles.map(({ root }) => root)),
    byteaArray(tiles.map(({ bytes }) => bytes)),
  ]
}

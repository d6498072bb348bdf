/** A key record's place in its row of versions. */
export interface KeyVersion {
  readonly name: string
  readonly epoch: number
  readonly version: number
}

/** `<prefix><epoch>/<version>`, or `<prefix><version>` for generations, which have no epochs. */
const versionForm = /^(?:([1-9]\d{0,8})\/)?([1-9]\d{0,8})$/

/** The highest epoch's highest version among `names`, in numbers, not letters; null when none of them is a version. */
export function newestVersion(prefix: string, names: readonly string[]): KeyVersion | null {
  let newest: KeyVersion | null = null
  for (const name of names) {
    const found = name.startsWith(prefix) ? versionForm.exec(name.slice(prefix.length)) : null
    if (found === null) continue
    const candidate = { name, epoch: Number(found[1] ?? 0), version: Number(found[2]) }
    if (newest === null || isNewer(candidate, newest)) newest = candidate
  }
  return newest
}

function isNewer(a: KeyVersion, b: KeyVersion): boolean {
  return a.epoch === b.epoch ? a.version > b.version : a.epoch > b.epoch
}

/** A key record's place in its row of versions. */
export interface KeyVersion {
  readonly name: string
  /** 0 for generations, which have no epochs. */
  readonly epoch: number
  readonly version: number
}

const versionForm = /^([1-9]\d{0,8})\/([1-9]\d{0,8})$/
const generationForm = /^()([1-9]\d{0,8})$/

/** The highest epoch's highest version, by number, among names `<prefix><epoch>/<version>`; null when none has that form. */
export function newestVersion(prefix: string, names: readonly string[]): KeyVersion | null {
  return newest(prefix, versionForm, names)
}

/** As `newestVersion`, among names `generation/<version>`. */
export function newestGeneration(names: readonly string[]): KeyVersion | null {
  return newest('generation/', generationForm, names)
}

const wrapForm = /^wrap\/()([1-9]\d{0,8})$/

/** As `newestVersion`, among names `<prefix>wrap/<version>`: the keys that wrap a tenant's subject keys. */
export function newestWrap(prefix: string, names: readonly string[]): KeyVersion | null {
  return newest(prefix, wrapForm, names)
}

function newest(prefix: string, form: RegExp, names: readonly string[]): KeyVersion | null {
  let highest: KeyVersion | null = null
  for (const name of names) {
    const found = name.startsWith(prefix) ? form.exec(name.slice(prefix.length)) : null
    if (found === null) continue
    const candidate = { name, epoch: Number(found[1]), version: Number(found[2]) }
    if (highest === null || isNewer(candidate, highest)) highest = candidate
  }
  return highest
}

function isNewer(a: KeyVersion, b: KeyVersion): boolean {
  return a.epoch === b.epoch ? a.version > b.version : a.epoch > b.epoch
}

/** Below it stand the keys of their own that versions have of what a tenant's subjects share, each under a fresh id: no tag of a subject or tenant is among them. */
export function versionsOf(tenant: Buffer): string {
  return `version/${tenant.toString('hex')}/`
}

const erasedForm = /^erased\/([1-9]\d{0,8})$/

/** Name of the record that says that the epochs up to `epoch` of what stands below `prefix` were erased. It holds no key. */
export function erasedName(prefix: string, epoch: number): string {
  return `${prefix}erased/${epoch}`
}

/** Whether a record says that an epoch was erased, and holds no key. */
export function isMark(name: string): boolean {
  return name.includes('/erased/')
}

/** The highest epoch that was erased, by the records `<prefix>erased/<epoch>` among the names; 0 when none was. */
export function erasedEpoch(prefix: string, names: readonly string[]): number {
  let highest = 0
  for (const name of names) {
    const found = name.startsWith(prefix) ? erasedForm.exec(name.slice(prefix.length)) : null
    if (found !== null) highest = Math.max(highest, Number(found[1]))
  }
  return highest
}

/** The epoch of a key record `<prefix><epoch>/<version>`; null for any other name. */
export function epochOf(prefix: string, name: string): number | null {
  return newestVersion(prefix, [name])?.epoch ?? null
}

/** Where the key store keeps which epochs had an end whose record has gone: no first key is made in one of them again. */
export const passedPrefix = 'guard/passed/'

/** The highest epoch among the names `guard/passed/<epoch>`; 0 when there is none. */
export function passedEpoch(names: readonly string[]): number {
  return newest(passedPrefix, generationForm, names)?.version ?? 0
}

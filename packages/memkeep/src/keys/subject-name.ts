import type { DataKey } from './data-key.ts'

/** Where the sealed name of a subject stands: on its own shelf. */
export function subjectNameContext(subject: Buffer): (string | Buffer)[] {
  return ['shelf', 'name', subject]
}

/** Where the sealed name of a tenant stands. */
export const tenantNameContext: readonly string[] = Object.freeze(['tenant', 'name'])

/** The name of a subject under the tenant's own key, kept with its shelf so that a tenant-wide answer can say whom it is about. */
export function sealSubjectName(own: DataKey, subject: Buffer, name: string): Buffer {
  return own.seal('name', Buffer.from(name, 'utf8'), subjectNameContext(subject))
}

import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { AttemptOptions } from '../../core/attempts.ts'
import { Failure } from '../../core/failure.ts'
import type { Connector, ConnectorScope } from '../connector.ts'
import { checkedPrefixes, type Prefixes } from './prefixes.ts'

export interface S3ConnectorInput extends AttemptOptions {
  /** Default `s3`. */
  readonly name?: string
  /** Yours: with its region, credentials and endpoint. */
  readonly client: Pick<S3Client, 'send'>
  readonly bucket: string
  /** What the scope's keys begin with: `({ tenant, subject }) => [subject === null ? `${tenant}/` : `${tenant}/${subject}/`]`. */
  readonly prefixes: Prefixes
}

interface Version {
  readonly Key: string
  readonly VersionId?: string | undefined
}

/**
 * Objects of a bucket by what their keys begin with: with every earlier version, delete marker and unfinished upload. What an object lock or
 * a legal hold keeps is not removed, and the call says so.
 */
export function s3Connector({
  name = 's3',
  client,
  bucket,
  prefixes: given,
  ...patience
}: S3ConnectorInput): Connector {
  const prefixes = checkedPrefixes(given)

  const count = async (scope: ConnectorScope, signal: AbortSignal): Promise<number> => {
    let number = 0
    for (const Prefix of prefixes(scope)) {
      for await (const page of versionsOf(client, bucket, Prefix, signal)) number += page.length
      for await (const page of uploadsOf(client, bucket, Prefix, signal)) number += page.length
    }
    return number
  }

  return {
    name,
    patience,
    inventory: count,
    verify: count,
    async erase(scope, signal) {
      let removed = 0
      for (const Prefix of prefixes(scope)) {
        for await (const page of versionsOf(client, bucket, Prefix, signal)) {
          await deleteAll(client, bucket, page, signal)
          removed += page.length
        }
        for await (const page of uploadsOf(client, bucket, Prefix, signal)) {
          for (const upload of page) await abortUpload(client, bucket, upload, signal)
          removed += page.length
        }
      }
      return removed
    },
  }
}

type Client = S3ConnectorInput['client']

async function* versionsOf(
  client: Client,
  Bucket: string,
  Prefix: string,
  abortSignal: AbortSignal,
): AsyncGenerator<Version[]> {
  let at: { KeyMarker?: string; VersionIdMarker?: string } = {}
  for (;;) {
    const page = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix, ...at }), { abortSignal })
    const found = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].filter(isBelow(Prefix))
    if (found.length > 0) yield found
    if (page.IsTruncated !== true) return
    at = markers({ KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker })
  }
}

async function* uploadsOf(client: Client, Bucket: string, Prefix: string, abortSignal: AbortSignal) {
  let at: { KeyMarker?: string; UploadIdMarker?: string } = {}
  for (;;) {
    const page = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix, ...at }), { abortSignal })
    const found = (page.Uploads ?? []).filter(isBelow(Prefix))
    if (found.length > 0) yield found
    if (page.IsTruncated !== true) return
    at = markers({ KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker })
  }
}

/** Whatever the server listed: nothing is touched that does not begin so. */
function isBelow(prefix: string) {
  return <T extends { Key?: string | undefined }>(each: T): each is T & { Key: string } =>
    each.Key?.startsWith(prefix) === true
}

/** Where the next page begins. A server that says there is more but not where would be asked for ever. */
function markers<T extends Record<string, string | undefined>>(given: T): { [Name in keyof T]?: string } {
  const told = Object.entries(given).filter(([, value]) => value !== undefined && value !== '')
  if (told.length === 0) throw new Failure('the store does not say where its next page begins', false)
  return Object.fromEntries(told) as { [Name in keyof T]?: string }
}

async function deleteAll(
  client: Client,
  Bucket: string,
  versions: readonly Version[],
  abortSignal: AbortSignal,
): Promise<void> {
  const Objects = versions.map(({ Key, VersionId }) => ({ Key, ...(VersionId === undefined ? {} : { VersionId }) }))
  const { Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }), {
    abortSignal,
  })
  if (Errors.length === 0) return
  const code = /^\w{1,60}$/.exec(Errors[0]!.Code ?? '')?.[0] ?? 'an error'
  throw new Failure(`${Errors.length} objects could not be removed (${code})`, code !== 'AccessDenied')
}

async function abortUpload(
  client: Client,
  Bucket: string,
  { Key, UploadId }: { readonly Key: string; readonly UploadId?: string | undefined },
  abortSignal: AbortSignal,
): Promise<void> {
  try {
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), { abortSignal })
  } catch (error) {
    // Finished or ended meanwhile: if it left an object, verify sees that.
    if ((error as Error).name !== 'NoSuchUpload') throw error
  }
}

import { type Answer, LoopbackServer, type Received } from './loopback-server.ts'

interface Entry {
  readonly key: string
  /** `null` for what was put before the bucket kept versions. */
  readonly version: string
  readonly marker: boolean
}

/** One S3 bucket, by the REST format: object versions, delete markers, unfinished uploads, and DeleteObjects. */
export class S3StandIn {
  readonly entries: Entry[] = []
  readonly uploads: { readonly key: string; readonly id: string }[] = []
  /** Versions of these keys are locked. */
  readonly locked = new Set<string>()
  #next = 1

  start(): Promise<LoopbackServer> {
    return LoopbackServer.start((request) => this.#answer(request))
  }

  put(key: string, what: 'unversioned' | 'version' | 'marker' | 'upload' = 'version'): void {
    const version = what === 'unversioned' ? 'null' : `v${this.#next++}`
    if (what === 'upload') this.uploads.push({ key, id: version })
    else this.entries.push({ key, version, marker: what === 'marker' })
  }

  #answer({ method, path, url, headers, body }: Received): Answer {
    if (!/^AWS4-HMAC-SHA256 Credential=/.test(headers.authorization ?? '')) return fault(403, 'AccessDenied')
    const [, bucket, ...rest] = path.split('/')
    if (bucket !== 'bucket') return fault(404, 'NoSuchBucket')
    const asked = url.searchParams
    if (method === 'GET' && asked.has('versions')) return this.#listVersions(asked)
    if (method === 'GET' && asked.has('uploads')) return this.#listUploads(asked)
    if (method === 'POST' && asked.has('delete')) return this.#delete(body)
    if (method === 'DELETE' && asked.has('uploadId'))
      return this.#abort(decodeURIComponent(rest.join('/')), asked.get('uploadId')!)
    return fault(501, 'NotImplemented')
  }

  #listVersions(asked: URLSearchParams): Answer {
    const place = (entry: Entry) => `${entry.key}\0${entry.version}`
    const after = asked.has('key-marker')
      ? `${asked.get('key-marker')}\0${asked.get('version-id-marker') ?? '\uffff'}`
      : ''
    const found = this.entries
      .filter(({ key }) => key.startsWith(asked.get('prefix') ?? ''))
      .sort((a, b) => (place(a) < place(b) ? -1 : 1))
      .filter((entry) => place(entry) > after)
    const page = found.slice(0, 1000)
    const last = page.at(-1)
    const items = page.map(({ key, version, marker }) => {
      const name = marker ? 'DeleteMarker' : 'Version'
      return `<${name}><Key>${xml(key)}</Key><VersionId>${version}</VersionId><IsLatest>false</IsLatest></${name}>`
    })
    const more = page.length < found.length
    const next = more
      ? `<NextKeyMarker>${xml(last!.key)}</NextKeyMarker><NextVersionIdMarker>${last!.version}</NextVersionIdMarker>`
      : ''
    return answer('ListVersionsResult', `<Name>bucket</Name><IsTruncated>${more}</IsTruncated>${next}${items.join('')}`)
  }

  #listUploads(asked: URLSearchParams): Answer {
    const found = this.uploads
      .filter(({ key }) => key.startsWith(asked.get('prefix') ?? '') && key > (asked.get('key-marker') ?? ''))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
    const items = found.map(({ key, id }) => `<Upload><Key>${xml(key)}</Key><UploadId>${id}</UploadId></Upload>`)
    return answer(
      'ListMultipartUploadsResult',
      `<Bucket>bucket</Bucket><IsTruncated>false</IsTruncated>${items.join('')}`,
    )
  }

  /** At most a thousand; what is locked is an error of its own. */
  #delete(body: string): Answer {
    const objects = [...body.matchAll(/<Object>(.*?)<\/Object>/gs)].map(([, text]) => ({
      key: unxml(/<Key>(.*?)<\/Key>/s.exec(text!)![1]!),
      version: /<VersionId>(.*?)<\/VersionId>/.exec(text!)?.[1] ?? null,
    }))
    if (objects.length === 0 || objects.length > 1000) return fault(400, 'MalformedXML')
    const errors: string[] = []
    for (const { key, version } of objects) {
      // Without a version a marker is put, and nothing goes.
      if (version === null) this.put(key, 'marker')
      else if (this.locked.has(key))
        errors.push(`<Error><Key>${xml(key)}</Key><VersionId>${version}</VersionId><Code>AccessDenied</Code></Error>`)
      else {
        const at = this.entries.findIndex((entry) => entry.key === key && entry.version === version)
        if (at >= 0) this.entries.splice(at, 1)
      }
    }
    return answer('DeleteResult', errors.join(''))
  }

  #abort(key: string, id: string): Answer {
    const at = this.uploads.findIndex((upload) => upload.key === key && upload.id === id)
    if (at < 0) return fault(404, 'NoSuchUpload')
    this.uploads.splice(at, 1)
    return { status: 204 }
  }
}

function answer(root: string, inner: string): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?><${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</${root}>`
  return { status: 200, body, headers: { 'content-type': 'application/xml' } }
}

function fault(status: number, code: string): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>no</Message></Error>`
  return { status, body, headers: { 'content-type': 'application/xml' } }
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

function xml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (found) => escapes[found]!)
}

function unxml(text: string): string {
  const named = Object.entries(escapes).reduce((so, [plain, escaped]) => so.replaceAll(escaped, plain), text)
  return named.replaceAll(/&#x([0-9a-f]+);/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
}

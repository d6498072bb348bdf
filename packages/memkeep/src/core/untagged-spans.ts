/** The parts of a finished OpenTelemetry span that are looked at. */
interface FinishedSpan {
  readonly name: string
  readonly attributes: Readonly<Record<string, unknown>>
}

const tenantTag = 'memkeep.tenant.tag'
const retrievals = new Set(['search_memory', 'get_memory', 'list_memory', 'list_memory_versions', 'export_memory'])

/**
 * A span processor for OpenTelemetry that counts retrievals, by the GenAI memory conventions' names, whose span does not say for
 * which tenant: memories that were read by nobody one can name. Of Memkeep's own spans there is none; another library's, or
 * code that reads around it, shows here. `report` is told of each, by the span's name alone.
 */
export class UntaggedSpans {
  #count = 0
  readonly #report: (name: string) => void

  constructor(report: (name: string) => void = () => {}) {
    this.#report = report
  }

  /** Retrieval spans without a tenant's tag since this was made. */
  get count(): number {
    return this.#count
  }

  onStart(): void {}

  onEnd({ name, attributes }: FinishedSpan): void {
    const operation = attributes['gen_ai.operation.name'] ?? name
    if (typeof operation !== 'string' || !retrievals.has(operation)) return
    if (/^[0-9a-f]{32}$/.test(String(attributes[tenantTag]))) return
    this.#count++
    this.#report(name)
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}

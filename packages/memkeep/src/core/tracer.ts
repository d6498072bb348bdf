/** The parts of OpenTelemetry's Span and Tracer that are used here: its `Tracer` fits as it is, and none is a dependency. */
export interface Span {
  setAttribute(name: string, value: string | number): unknown
  setStatus(status: { code: number }): unknown
  end(): void
}

export interface Tracer {
  startActiveSpan<Run extends (span: never) => unknown>(
    name: string,
    options: { readonly attributes?: Record<string, string | number> },
    run: Run,
  ): ReturnType<Run>
}

/** OpenTelemetry's `SpanStatusCode.ERROR`. */
export const spanFailed = 2

import { MemkeepError, type Tracer } from 'memkeep'

/**
 * The tracer of whatever OpenTelemetry SDK this process was started with (`node --import`), by its interface alone: where none was, its spans
 * go nowhere. Its package is the deployment's to install.
 */
export async function openTelemetryTracer(): Promise<Tracer> {
  const { trace } = await import('@opentelemetry/api').catch(() => {
    throw new MemkeepError(
      'ERR_INPUT_INVALID',
      'MEMKEEP_TRACES needs the package @opentelemetry/api: npm install @opentelemetry/api',
    )
  })
  return trace.getTracer('memkeep')
}

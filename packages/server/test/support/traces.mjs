// For `node --import`: an OpenTelemetry SDK whose spans become lines of JSON in the file that MEMKEEP_TEST_SPANS names, at once.
import { appendFileSync } from 'node:fs'
import { trace } from '@opentelemetry/api'
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'

const exporter = {
  export(spans, done) {
    for (const { name, attributes } of spans)
      appendFileSync(process.env.MEMKEEP_TEST_SPANS, `${JSON.stringify({ name, attributes })}\n`)
    done({ code: 0 })
  },
  shutdown: async () => {},
}
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))

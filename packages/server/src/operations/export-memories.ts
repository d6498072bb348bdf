import type { ExportRecord } from 'memkeep'
import { z } from 'zod'
import type { Reach } from './operation.ts'

/** Everything that is held about whom the reads reach, counts last: records one by one, read as they are taken. */
export const exportMemories = {
  input: z.strictObject({}),
  run: ({ reads }: Reach): AsyncGenerator<ExportRecord> => reads.export(),
}

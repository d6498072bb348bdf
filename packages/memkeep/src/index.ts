export { MemkeepError, type MemkeepErrorCode } from './core/errors.ts'
export type { DatabaseEngine, LoginSettings, RunningEngine } from './store/engine.ts'

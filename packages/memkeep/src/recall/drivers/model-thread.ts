import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { MemkeepError } from '../../core/errors.ts'
import type { ThreadWord } from './answer-turns.ts'

/** Most texts that go through a model at once: more are hardly faster, and others would wait longer. */
export const textsPerTurn = 32

interface Job {
  readonly texts: string[]
  readonly done: PromiseWithResolvers<number[][]>
}

/**
 * The thread that a model runs in: started by the first call, and not keeping the process alive while it has nothing to do. One turn
 * at a time: calls that wait while one runs go together into the next, which takes half the time for each. A text at
 * which the model throws fails its own call only.
 */
export class ModelThread {
  readonly #program: URL
  readonly #data: unknown
  #worker: Worker | null = null
  #loaded = false
  #running: Job[] = []
  readonly #waiting: Job[] = []

  /** `module` stands beside this one and calls `answerTurns`; `data` is its `workerData`. */
  constructor(module: string, data?: unknown) {
    this.#program = new URL(`./${module}${extname(import.meta.url)}`, import.meta.url)
    this.#data = data
  }

  /**
   * One vector per text. Throws `ERR_ABORTED` as soon as `signal` is aborted (a turn that has begun ends by itself), and
   * `ERR_EMBEDDER`: retryable when the thread died, not when the model does not load or throws.
   */
  async embed(texts: string[], signal: AbortSignal | undefined): Promise<number[][]> {
    if (signal?.aborted) throw aborted(signal)
    const job: Job = { texts, done: Promise.withResolvers() }
    const onAbort = (): void => {
      const place = this.#waiting.indexOf(job)
      if (place !== -1) this.#waiting.splice(place, 1)
      job.done.reject(aborted(signal))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#waiting.push(job)
    this.#nextTurn()
    return job.done.promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }

  /** Ends the thread and gives its memory back. Calls under way fail; a later call starts it again. */
  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #nextTurn(): void {
    if (this.#running.length > 0) return
    for (let texts = 0; this.#waiting.length > 0; ) {
      texts += this.#waiting[0]!.texts.length
      if (texts > textsPerTurn && this.#running.length > 0) break
      this.#running.push(this.#waiting.shift()!)
    }
    if (this.#running.length === 0) {
      this.#worker?.unref()
      return
    }
    this.#worker ??= this.#start()
    this.#worker.ref()
    this.#worker.postMessage(this.#running.map(({ texts }) => texts))
  }

  #start(): Worker {
    // Whatever a library prints must not reach a stdout that may carry a protocol. (Reading it would keep the process alive.)
    const worker = new Worker(this.#program, { workerData: this.#data, execArgv: [], stdout: true })
    this.#loaded = false
    // What a thread said may come after the news that it died: it answers nobody of the next thread.
    worker.on('message', (word: ThreadWord) => {
      if (this.#worker === worker) this.#take(word)
    })
    worker.on('error', (cause) => this.#fail(worker, cause))
    worker.on('exit', () => this.#fail(worker, null))
    return worker
  }

  #take(word: ThreadWord): void {
    if (word === 'loaded') {
      this.#loaded = true
      return
    }
    const jobs = this.#running
    this.#running = []
    for (const [at, { texts, done }] of jobs.entries()) {
      const answer = word[at]
      if (answer) done.resolve(split(answer, texts.length))
      else done.reject(new MemkeepError('ERR_EMBEDDER', 'the embedding model could not embed the text'))
    }
    this.#nextTurn()
  }

  /** An error and the exit that follows it, or an exit alone. */
  #fail(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return
    this.#worker = null
    const unloadable = cause !== null && !this.#loaded
    const message = unloadable ? 'the embedding model does not load' : 'the thread of the embedding model ended'
    const jobs = [...this.#running, ...this.#waiting.splice(0)]
    this.#running = []
    for (const { done } of jobs)
      done.reject(new MemkeepError('ERR_EMBEDDER', message, { cause, retryable: !unloadable }))
  }
}

function split(vectors: Float32Array, count: number): number[][] {
  const dims = vectors.length / count
  return Array.from({ length: count }, (_, at) => Array.from(vectors.subarray(at * dims, (at + 1) * dims)))
}

function aborted(signal: AbortSignal | undefined): MemkeepError {
  return new MemkeepError('ERR_ABORTED', 'embedding was aborted', { cause: signal?.reason })
}

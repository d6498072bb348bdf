import { parentPort, workerData } from 'node:worker_threads'
import { bestTen, shelfOf } from './shelf.ts'

/** A thread with a shelf of its own: answers the number of a question with the ids that it found. */
const { rows, withVectors } = workerData as { readonly rows: number; readonly withVectors: boolean }
const shelf = shelfOf(rows, withVectors)
parentPort!.on('message', (turn: number) => parentPort!.postMessage(bestTen(shelf, turn, withVectors)))
parentPort!.postMessage('ready')

import { type IdSource, uuidV7 } from '../../src/core/ids.ts'

/** Ids that follow from the lane and from how many were made before: within one lane their order is that of their making. */
export function countedIds(lane: number): IdSource {
  let made = 0
  return {
    uuid(nowMs) {
      const tail = Buffer.alloc(10)
      tail.writeUInt16BE(lane, 2)
      tail.writeUIntBE(++made, 4, 6)
      return uuidV7(nowMs, tail)
    },
  }
}

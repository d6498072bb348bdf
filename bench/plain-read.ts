import assembler from 'wabt'

/** Reads memory from end to end and does nothing else that could take time: 64 bytes a step, folded so that nothing is left out. */
const source = `(module
  (import "rows" "memory" (memory 1))
  (func (export "read") (param $at i32) (param $end i32) (result i64)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (loop $step
      (local.set $a (v128.xor (local.get $a) (v128.load (local.get $at))))
      (local.set $b (v128.xor (local.get $b) (v128.load offset=16 (local.get $at))))
      (local.set $c (v128.xor (local.get $c) (v128.load offset=32 (local.get $at))))
      (local.set $d (v128.xor (local.get $d) (v128.load offset=48 (local.get $at))))
      (br_if $step (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 64))) (local.get $end))))
    (i64x2.extract_lane 0
      (v128.xor (v128.xor (local.get $a) (local.get $b)) (v128.xor (local.get $c) (local.get $d))))))`

/** A memory of that many bytes, none of them on a page never written, and a function that reads them all. */
export async function plainRead(bytes: number): Promise<() => unknown> {
  const { parseWat } = await assembler()
  const { buffer } = parseWat('plain-read.wat', source, { simd: true }).toBinary({})
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65_536) })
  new Uint8Array(memory.buffer).fill(3)
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(buffer), { rows: { memory } })
  const { read } = exports as { read: (at: number, end: number) => unknown }
  return () => read(0, bytes)
}

/** What is used of WebAssembly: it stands in the types of browsers, and not yet in those of Node. */
declare namespace WebAssembly {
  function validate(bytes: Uint8Array): boolean

  class Module {
    constructor(bytes: Uint8Array)
  }

  class Memory {
    constructor(descriptor: { initial: number })
    /** Another one after each growth. */
    readonly buffer: ArrayBuffer
    /** Pages of 64 KiB more. Throws `RangeError` when there is no room. */
    grow(pages: number): number
  }

  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, Memory>>)
    readonly exports: unknown
  }
}

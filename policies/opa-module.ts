import { createRequire } from 'node:module'

/**
 * What is used of WebAssembly and of OPA's SDK, typed by hand: TypeScript knows WebAssembly only with the browser's
 * library, and the SDK's types of its ES module leave `loadPolicySync` out.
 */
export interface WasmModule {
  readonly [Symbol.toStringTag]: string
}

export interface OpaModule {
  readonly wasmInstance: { readonly exports: Readonly<Record<string, unknown>> }
  readonly mem: { readonly buffer: ArrayBuffer }
  setData(data: object): void
  /** Throws whatever the module threw: errors, traps, strings, plain objects. */
  evaluate(input: ArrayBuffer, entrypoint: string): unknown
}

const sdk = createRequire(import.meta.url)('@open-policy-agent/opa-wasm') as {
  loadPolicySync(module: WasmModule, memory?: { readonly maximum: number }): OpaModule
}
const webAssembly = (globalThis as unknown as { WebAssembly: { compile(bytes: Uint8Array): Promise<WasmModule> } })
  .WebAssembly

export function compileModule(bytes: Uint8Array): Promise<WasmModule> {
  return webAssembly.compile(bytes)
}

/** @param pagesMax of 64 kB: beyond them the module fails */
export function startModule(module: WasmModule, pagesMax?: number): OpaModule {
  return pagesMax === undefined ? sdk.loadPolicySync(module) : sdk.loadPolicySync(module, { maximum: pagesMax })
}

/** The module's own list: the SDK would say only at the first call that a builtin is missing. */
export function exportedNames(instance: OpaModule, list: 'builtins' | 'entrypoints'): readonly string[] {
  const { exports } = instance.wasmInstance
  const dump = exports.opa_json_dump as (address: number) => number
  const from = dump((exports[list] as () => number)())
  const bytes = Buffer.from(instance.mem.buffer)
  return Object.keys(JSON.parse(bytes.toString('utf8', from, bytes.indexOf(0, from))) as object)
}

import { gunzipSync, gzipSync } from 'node:zlib'
import { type CompiledPolicy, policyDigest } from './compile.ts'
import { PolicyError } from './errors.ts'

/** A compiled policy as one run of bytes, for keeping where there are no files. */
const PACKED_BYTES_MAX = 64 * 1024 * 1024

export function packPolicy({ wasm, data, ...rest }: CompiledPolicy): Buffer {
  const header = Buffer.from(JSON.stringify(rest))
  const lengths = Buffer.alloc(8)
  lengths.writeUInt32BE(header.length, 0)
  lengths.writeUInt32BE(data.length, 4)
  return gzipSync(Buffer.concat([lengths, header, data, wasm]))
}

/** @throws PolicyError module_unusable when these are not the bytes of the policy with this digest */
export function unpackPolicy(bytes: Buffer, digest: string): CompiledPolicy {
  const policy = read(bytes)
  if (policy !== null && policyDigest(policy) === digest && policy.digest === digest) return policy
  throw new PolicyError('module_unusable', `What is kept is not the policy ${digest.slice(0, 16)}….`, {
    hint: 'Have the release verified again: remove its row from the table release',
  })
}

function read(bytes: Buffer): CompiledPolicy | null {
  try {
    const plain = gunzipSync(bytes, { maxOutputLength: PACKED_BYTES_MAX })
    const data = 8 + plain.readUInt32BE(0)
    const wasm = data + plain.readUInt32BE(4)
    const rest = JSON.parse(plain.toString('utf8', 8, data)) as Omit<CompiledPolicy, 'wasm' | 'data'>
    return { ...rest, data: plain.subarray(data, wasm), wasm: plain.subarray(wasm) }
  } catch {
    return null
  }
}

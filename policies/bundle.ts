import { gunzipSync } from 'node:zlib'

const BLOCK = 512

/**
 * The files of a bundle as `opa build` writes it: a gzipped tar of plain files with short names.
 * https://www.openpolicyagent.org/docs/management-bundles#bundle-file-format
 * @throws RangeError or zlib's error when it is cut short or damaged
 */
export function readBundle(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const tar = gunzipSync(bytes)
  const files = new Map<string, Buffer>()
  let at = 0
  while (at + BLOCK <= tar.length && tar[at] !== 0) {
    const name = fieldText(tar.subarray(at, at + 100))
    const size = Number.parseInt(fieldText(tar.subarray(at + 124, at + 136)), 8)
    const start = at + BLOCK
    if (!Number.isSafeInteger(size) || size < 0 || start + size > tar.length) throw new RangeError('damaged bundle')
    files.set(name, tar.subarray(start, start + size))
    at = start + Math.ceil(size / BLOCK) * BLOCK
  }
  return files
}

function fieldText(field: Buffer): string {
  const end = field.indexOf(0)
  return field.toString('latin1', 0, end === -1 ? field.length : end).trim()
}

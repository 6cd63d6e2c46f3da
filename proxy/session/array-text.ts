/**
 * An array's binary form as the server writes it, `{1,NULL,"a b"}`.
 * https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/arrayfuncs.c (array_send, array_out)
 *
 *   dimensions │ has nulls │ element type │ (size, lower bound) for each dimension │ (length or -1, bytes) for each element
 *
 * @param elementText throws where an element cannot be read
 * @throws RangeError what is not of that form, or an array that does not begin at 1
 */
export function arrayText(value: Buffer, elementText: (element: Buffer, type: number) => string): string {
  const dimensions = value.readInt32BE(0)
  const type = value.readUInt32BE(8)
  if (dimensions < 0 || dimensions > DIMENSIONS_MAX) throw new RangeError('so many dimensions has no array')
  if (dimensions === 0) return '{}'
  const sizes = Array.from({ length: dimensions }, (_, at) => {
    if (value.readInt32BE(16 + 8 * at) !== 1) throw new RangeError('an array that does not begin at 1')
    return value.readInt32BE(12 + 8 * at)
  })
  let offset = 12 + 8 * dimensions
  const next = (): string => {
    const length = value.readInt32BE(offset)
    offset += 4
    if (length === -1) return 'NULL'
    const element = value.subarray(offset, offset + length)
    if (length < 0 || element.length !== length) throw new RangeError('an element that goes past the end')
    offset += length
    return quoted(elementText(element, type))
  }
  const level = (at: number): string => {
    const each = at === dimensions - 1 ? next : () => level(at + 1)
    const parts: string[] = []
    for (let n = 0; n < (sizes[at] ?? 0); n++) parts.push(each())
    return `{${parts.join(',')}}`
  }
  const text = level(0)
  if (offset !== value.length) throw new RangeError('bytes behind the last element')
  return text
}

/** MAXDIM */
const DIMENSIONS_MAX = 6

function quoted(text: string): string {
  const isPlain = text !== '' && !/[{},"\\\s]/.test(text) && text.toLowerCase() !== 'null'
  return isPlain ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}

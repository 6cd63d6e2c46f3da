import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import type { BoundParameters } from '../gate.ts'
import { isText } from './binary-text.ts'
import { isBinary, parameterTexts } from './parameter-text.ts'

const RECORDED_CHARACTERS_MAX = 10_000
const BEGINNING_CHARACTERS = 1_000
/** Up to so much is read and hashed at once, which takes about a millisecond. */
const AT_ONCE_BYTES_MAX = 256 * 1024

type Texts = readonly (string | null)[]

/**
 * Bound parameters as the trail keeps them: as people read them, of a large value its beginning, length and hash. One of
 * megabytes is read in slices, between which others have their turn: 32 MB took 0.4 s.
 */
export function recordedParameters(bound: BoundParameters): Texts | Promise<Texts> {
  const isSmall = bound.values.every((value) => value === null || value.length <= AT_ONCE_BYTES_MAX)
  return isSmall ? forTheTrail(parameterTexts(bound)) : inSlices(bound)
}

async function inSlices(bound: BoundParameters): Promise<Texts> {
  const texts: (string | null)[] = []
  for (const [at, value] of bound.values.entries()) {
    if (value === null || value.length <= AT_ONCE_BYTES_MAX) texts.push(...forTheTrail([alone(bound, at)]))
    else texts.push(await readInSlices(value, readingOf(bound, at, value)))
  }
  return texts
}

function alone({ types, formats, values }: BoundParameters, at: number): string | null {
  const format = formats.length === 1 ? formats : formats.slice(at, at + 1)
  return (
    parameterTexts({ types: types.slice(at, at + 1), formats: format, values: values.slice(at, at + 1) })[0] ?? null
  )
}

/** Reads the next slice; the same text comes out as if all of it were read at once. */
type Reading = (slice: Buffer, isLast: boolean) => string

/** In binary form, only texts and bytes are so large; whatever else says that it is, is shown as its bytes. */
function readingOf(bound: BoundParameters, at: number, value: Buffer): Reading {
  if (isBinary(bound, at) && !(isText(bound.types[at] ?? 0) && isUtf8(value))) {
    let mark = '\\x'
    return (slice) => {
      const text = mark + slice.toString('hex')
      mark = ''
      return text
    }
  }
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  return (slice, isLast) => decoder.decode(slice, { stream: !isLast })
}

async function readInSlices(value: Buffer, read: Reading): Promise<string> {
  const sha256 = createHash('sha256')
  let beginning = ''
  let characters = 0
  for (let at = 0; at < value.length; at += AT_ONCE_BYTES_MAX) {
    const end = at + AT_ONCE_BYTES_MAX
    const text = read(value.subarray(at, end), end >= value.length)
    sha256.update(text)
    characters += text.length
    if (at === 0) beginning = text.slice(0, BEGINNING_CHARACTERS)
    await turn()
  }
  return shortened(beginning, characters, sha256.digest('hex'))
}

function forTheTrail(texts: Texts): Texts {
  if (!texts.some((text) => text !== null && text.length > RECORDED_CHARACTERS_MAX)) return texts
  return texts.map((text) => {
    if (text === null || text.length <= RECORDED_CHARACTERS_MAX) return text
    const sha256 = createHash('sha256').update(text).digest('hex')
    return shortened(text.slice(0, BEGINNING_CHARACTERS), text.length, sha256)
  })
}

function shortened(beginning: string, characters: number, sha256: string): string {
  return `${beginning}… (${characters} characters, sha256 ${sha256})`
}

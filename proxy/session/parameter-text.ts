import type { BoundParameters } from '../gate.ts'
import type { ParameterTypes } from '../preview/parameter-types.ts'
import { binaryText, bytesText } from './binary-text.ts'

const BINARY = 1

/** Bound parameters as people read them: text as it is, well-known binary types decoded, other binary values as \\x…. */
export function parameterTexts(bound: BoundParameters): readonly (string | null)[] {
  const { types } = bound
  return bound.values.map((value, at) =>
    isBinary(bound, at) ? binaryOr(value, types[at] ?? 0, AS_DECLARED, bytesText) : utf8(value),
  )
}

/** For reviewers, with the types that the server has said; null: it could not be asked. */
export function toldParameterTexts(bound: BoundParameters, told: ParameterTypes | null): readonly (string | null)[] {
  const { types, printed, ...meaning } = told ?? { types: bound.types, printed: null, ...AS_DECLARED }
  return bound.values.map((value, at) =>
    isBinary(bound, at)
      ? binaryOr(value, types[at] ?? 0, meaning, (bytes) => printed?.get(at) ?? unknownText(bytes))
      : utf8(value),
  )
}

/** Whether a parameter is in binary form, and of a type that is not read here. */
export function isUnread(
  bound: BoundParameters,
  at: number,
  { types, ...meaning }: Pick<ParameterTypes, 'types'> & Meaning,
) {
  const value = bound.values[at] ?? null
  return value !== null && isBinary(bound, at) && binaryText(value, types[at] ?? 0, meaning) === null
}

/** Whether some of them are in binary form and of a type that only the server can tell. */
export function needTelling(bound: BoundParameters): boolean {
  return bound.values.some((_, at) => isUnread(bound, at, { types: bound.types, ...AS_DECLARED }))
}

type Meaning = Pick<ParameterTypes, 'readAs' | 'isArray'>

const AS_DECLARED: Meaning = { readAs: (type) => type, isArray: () => false }

export function isBinary({ formats }: BoundParameters, at: number): boolean {
  return (formats.length === 1 ? formats[0] : formats[at]) === BINARY
}

function binaryOr(value: Buffer | null, type: number, meaning: Meaning, otherwise: (value: Buffer) => string) {
  return value === null ? null : (binaryText(value, type, meaning) ?? otherwise(value))
}

function utf8(value: Buffer | null): string | null {
  return value === null ? null : value.toString('utf8')
}

function unknownText(value: Buffer): string {
  return `${bytesText(value)} (binary; its type is not known here)`
}

import type { RuleDescription } from './rule-description.ts'

/** Where a rule stands, for a link to it. */
export interface RulePlace {
  /** Below the folder of the policies. */
  readonly file: string
  /** Of the first head that gives a finding; from 1. */
  readonly line: number
}

const HEAD = /^(?:deny|hold|mask|limit|allow) contains\b/

export function findingLine(text: string): number {
  return (
    Math.max(
      0,
      text.split('\n').findIndex((line) => HEAD.test(line)),
    ) + 1
  )
}

/** By the rule's id, as decisions name it. */
export function rulePlaces(rules: readonly RuleDescription[]): ReadonlyMap<string, RulePlace> {
  return new Map(rules.map(({ id, file, line }) => [id, { file, line }]))
}

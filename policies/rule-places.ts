import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { policyFiles } from './compile.ts'

/** Where a rule stands, for a link to it. */
export interface RulePlace {
  /** Below the folder of the policies. */
  readonly file: string
  /** Of the first head that gives a finding; from 1. */
  readonly line: number
}

const FILE = /^rules\/([\w-]+)\/([\w-]+)\.rego$/
const HEAD = /^(?:deny|hold|mask|limit|allow) contains\b/

/** By the rule's id, as decisions name it: `production.drop` stands in rules/production/drop.rego. */
export function rulePlaces(path: string): ReadonlyMap<string, RulePlace> {
  const places = policyFiles(path).flatMap((file): readonly (readonly [string, RulePlace])[] => {
    const [, area, name] = FILE.exec(file) ?? []
    if (area === undefined || name === undefined) return []
    const lines = readFileSync(join(path, file), 'utf8').split('\n')
    return [
      [
        `${area}.${name}`,
        {
          file,
          line:
            Math.max(
              0,
              lines.findIndex((line) => HEAD.test(line)),
            ) + 1,
        },
      ],
    ]
  })
  return new Map(places)
}

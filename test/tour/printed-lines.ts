import { readFileSync } from 'node:fs'
import type { RunningHoldpoint } from '../harness/holdpoint.ts'

/**
 * The lines of the README's tour, exactly as they stand there, for a tree that listens elsewhere than on the default
 * ports. A line that the README does not have (any more) fails the test that follows it.
 */
const README = readFileSync('README.md', 'utf8')
const TOUR = (/^## Ten lines to a held DELETE\n([\s\S]*?)\n## /m.exec(README)?.[1] ?? '').replaceAll(/^ {3}/gm, '')

export function printedLines({ data, ready, identity }: RunningHoldpoint): (line: string) => string {
  const { port } = new URL(identity('ana').postgres)
  return (line) => {
    if (!TOUR.includes(line)) throw new Error(`The README's tour does not say: ${line}`)
    return line
      .replaceAll('.holdpoint/pgpass', `${data}/pgpass`)
      .replaceAll('-p 6432', `-p ${port}`)
      .replaceAll('http://127.0.0.1:8080', ready.console)
      .replaceAll('npx holdpoint', `npx holdpoint --data ${data}`)
  }
}

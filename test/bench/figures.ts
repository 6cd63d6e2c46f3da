import type { Contestant } from './contestants.ts'

/** What one benchmark needs to know. */
export interface BenchOptions {
  readonly contestants: readonly Contestant[]
  readonly pgbench: string | null
  readonly psql: string | null
  readonly seconds: number
  readonly rounds: number
  readonly folder: string
  readonly say: (line: string) => void
}

/** What it found: Markdown for people, everything for machines, and what could not be done. */
export interface Section {
  readonly title: string
  readonly markdown: string
  readonly raw: unknown
}

export const DIRECT = 'direct'
export const PGBOUNCER = 'PgBouncer'

export function holdpointsOf(contestants: readonly Contestant[]): readonly Contestant[] {
  return contestants.filter(({ name }) => name.startsWith('Holdpoint'))
}

export function missing(title: string, why: string): Section {
  return { title, markdown: `Not measured: ${why}.`, raw: { missing: why } }
}

import pg from 'pg'
import type { Config, TargetConfig } from '../config.ts'
import type { Log } from '../log.ts'
import type { Identity } from '../policies/input.ts'
import type { ExamplesAsked, ReadColumn, ShownExamples } from '../workflows/holds/examples.ts'
import type { Catalog } from './catalog/catalog.ts'
import { freshSession } from './fresh-session.ts'
import type { Gate, Judgement, OutputColumn, SessionView } from './gate.ts'
import { type Reading, type Seeing, shownTo } from './preview/shown-examples.ts'

/**
 * What somebody would see who read columns of data under their own name. Asked of the gate, as a statement of theirs
 * would be: a plain SELECT of these very columns, judged by the policy in force and never run.
 */
export interface OwnReadingsOptions {
  readonly targets: Config['targets']
  readonly gate: Gate
  /** @throws whatever keeps its definitions from being known */
  readonly catalogOf: (target: TargetConfig) => Promise<Pick<Catalog, 'snapshot'>>
  readonly log: Pick<Log, 'warn'>
}

/** The examples as this identity may see them now. Never rejects: what cannot be established is not shown. */
export async function examplesFor(asked: ExamplesAsked, options: OwnReadingsOptions): Promise<ShownExamples> {
  const reading = await readingOf(asked, options).catch((err: unknown): Reading => {
    options.log.warn({ err, target: asked.target.name }, 'what a reviewer may see could not be established')
    return hidden('What you may see of it cannot be established at the moment')
  })
  return shownTo(asked.examples, reading)
}

async function readingOf({ identity, target, examples }: ExamplesAsked, options: OwnReadingsOptions): Promise<Reading> {
  const found = options.targets.find(({ name, database }) => name === target.name && database === target.database)
  if (found === undefined) return hidden('Its target is not configured here')
  const catalog = await options.catalogOf(found)
  // With another role the server might refuse them the very rows.
  if (catalog.snapshot.loginRole !== examples.role) return hidden('It was asked with a role that is not yours')
  const seeing: Seeing[] = []
  let policy: string | null = null
  for (const columns of byRelation(examples.reads)) {
    const judgement = await judged(columns, { session: sessionOf(identity, found, catalog), gate: options.gate })
    if (judgement === null) return hidden('The definitions of its tables are changing')
    if (policy !== null && policy !== judgement.policyDigest) return hidden('The policy is changing')
    policy = judgement.policyDigest
    if (judgement.decision.outcome !== 'allow') return hidden(whyNot(judgement), policy)
    const { outputs, outputMasks } = judgement
    if (outputs === null || !columns.every(([, column], at) => isStill(column, outputs[at], catalog)))
      return hidden('Its tables or their labels have changed since', policy)
    for (const [at, [place]] of columns.entries()) seeing[place] = outputMasks?.[at] ?? 'clear'
  }
  if (policy === null) return hidden('Nothing of it comes from a table')
  return { seeing: examples.reads.map((_, at) => known(seeing[at])), policy }
}

function hidden(whyHidden: string, policy: string | null = null): Reading {
  return { seeing: null, whyHidden: `${whyHidden}, so nothing of it is shown.`, policy }
}

function whyNot({ decision: { outcome, rules } }: Judgement): string {
  const because = rules.filter((rule) => rule.outcome === outcome).map(({ title }) => title)
  return `Reading this table yourself would be ${outcome === 'hold' ? 'held' : 'denied'} (${because.join('; ')})`
}

function known(seeing: Seeing | undefined): Seeing {
  if (seeing === undefined) throw new TypeError('a column of the examples was not judged')
  return seeing
}

type Placed = readonly [place: number, column: ReadColumn]

function byRelation(reads: readonly ReadColumn[]): Iterable<readonly Placed[]> {
  return Map.groupBy(
    reads.map((column, place): Placed => [place, column]),
    ([, { relationOid }]) => relationOid,
  ).values()
}

/** By definitions that the server has just said are still those; null: they keep changing. */
async function judged(
  columns: readonly Placed[],
  { session, gate }: { readonly session: SessionView; readonly gate: Gate },
): Promise<Judgement | null> {
  const text = plainRead(columns.map(([, column]) => column))
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const [judgement] = await gate.judge(text, session)
    if (judgement !== undefined && (await gate.stands(judgement, session, 'now'))) return judgement
  }
  return null
}

const ATTEMPTS_MAX = 2

function plainRead(columns: readonly ReadColumn[]): string {
  const quoted = pg.escapeIdentifier
  const [{ schema, relation } = { schema: '', relation: '' }] = columns
  return `SELECT ${columns.map(({ column }) => quoted(column)).join(', ')} FROM ${quoted(schema)}.${quoted(relation)}`
}

/** The very column, of the type and with the labels that it had then. */
function isStill(
  column: ReadColumn,
  output: OutputColumn | undefined,
  { snapshot }: Pick<Catalog, 'snapshot'>,
): boolean {
  const [source, ...others] = output?.sources ?? []
  if (source === undefined || others.length > 0 || output?.exact !== true) return false
  const { relationOid, attribute, typeOid, labels } = column
  const type = snapshot.relationByOid(relationOid)?.attributes.find(({ number }) => number === attribute)?.type
  const isIt = source.relationOid === relationOid && source.attribute === attribute && type === typeOid
  return isIt && source.labels.length === labels.length && source.labels.every((label) => labels.includes(label))
}

/** As if they had just connected. */
function sessionOf(identity: Identity, target: TargetConfig, { snapshot }: Pick<Catalog, 'snapshot'>): SessionView {
  const named = { door: 'postgres', application: 'holdpoint console', searchPath: 'pg_catalog' } as const
  return freshSession({ identity, target, role: snapshot.loginRole, ...named })
}

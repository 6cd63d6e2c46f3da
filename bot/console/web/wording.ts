import type { HoldSummary, HoldView } from '../schemas.ts'

/** A hold in plain words, the same on every page. */
type Asker = HoldSummary['asker']

const KINDS: Readonly<Record<Asker['kind'], string>> = { human: 'person', service: 'service', agent: 'agent' }

export const kindOf = ({ kind }: Asker): string => KINDS[kind]

const count = (n: number): string => n.toLocaleString('en')
const rowsWord = (n: number): string => (n === 1 ? 'row' : 'rows')

/** `3,000 of 3,000 rows` and how that is known. */
export function reachOf({ kind, rows, ofRows }: Omit<HoldSummary['preview'], 'each'>): {
  readonly rows: string
  readonly known: string
} {
  if (kind === 'unknown' || rows === null) {
    const known = ofRows === null ? 'the rows could not be counted' : `not counted, of about ${count(ofRows)}`
    return { rows: 'rows unknown', known }
  }
  const about = kind === 'estimated' ? 'about ' : ''
  const of = ofRows === null ? '' : ` of ${count(ofRows)}`
  const known = kind === 'counted' ? 'counted just before asking' : 'the planner’s estimate, not a count'
  return { rows: `${about}${count(rows)}${of} ${rowsWord(ofRows ?? rows)}`, known }
}

export function everyRow({ rows, ofRows }: HoldSummary['preview']): boolean {
  return rows !== null && ofRows !== null && rows > 1 && rows >= ofRows
}

/** What happens when the last needed person approves. */
export function consequence({ mode, asker, target, tag, reviewers }: HoldSummary): string {
  const what = `exactly this ${tag}`
  const once =
    reviewers.reduce((sum, { count: needed }) => sum + needed, 0) > 1
      ? 'Once everyone needed has approved'
      : 'Once approved'
  if (mode === 'wait')
    return `${once}, ${what} runs at once on ${target.name}: ${asker.name}’s connection is waiting for it.`
  if (mode === 'error') return `${once}, ${asker.name} may run ${what} on ${target.name}, one time.`
  return `${once}, ${what} runs in the background on ${target.name} and ${asker.name} fetches the result.`
}

/** The rules that hold it; others that apply as well (masks) are no reason to wait. */
export function holdingRules({ rules }: HoldSummary): HoldSummary['rules'] {
  return rules.filter(({ outcome }) => outcome === 'hold')
}

export function placesOpen({ reviewers }: HoldSummary): string {
  return reviewers
    .map(({ group, count: needed, approved }) => `${Math.min(approved, needed)} of ${needed} from ${group}`)
    .join(', ')
}

const STATUS: Readonly<Record<HoldSummary['status'], string>> = {
  pending: 'Pending',
  approved: 'Approved',
  executed: 'Executed',
  rejected: 'Rejected',
  expired: 'Expired',
  withdrawn: 'Withdrawn',
  abandoned: 'Abandoned',
}

export const statusWord = (status: HoldSummary['status']): string => STATUS[status]

/** How it ended, in a word or two beside the status. */
export function endingBrief({ status, outcome }: HoldSummary): string {
  if (status === 'approved') return 'not run yet'
  if (status !== 'executed') return 'did not run'
  if (outcome === null) return 'answer not recorded'
  return outcome.ok ? outcome.tag : `failed, ${outcome.tag}`
}

/** How it ended, in one sentence. */
export function ending(hold: HoldSummary & Partial<Pick<HoldView, 'brokenGlass'>>): string {
  const approved = hold.brokenGlass == null ? 'Approved' : 'Approved by nobody'
  switch (hold.status) {
    case 'pending':
      return 'Waiting for an answer.'
    case 'approved':
      return `${approved}. ${hold.asker.name} has not run it yet.`
    case 'executed':
      return ran(approved, hold.outcome)
    case 'rejected':
      return 'Rejected. It did not run.'
    case 'expired':
      return 'Nobody answered, or it was not run, in time. It did not run.'
    case 'withdrawn':
      return 'Taken back by who asked. It did not run.'
    case 'abandoned':
      return `${abandonment(hold)} It did not run.`
  }
}

/** Nobody is there any more for whom it would run. */
function abandonment({ askerGone, asker: { name, actsFor } }: HoldSummary): string {
  if (askerGone === null) return 'The connection that asked is gone.'
  if (askerGone === 'revoked') return `The tokens of ${name} were revoked.`
  return `The account of ${name}${actsFor === null ? '' : `, or of ${actsFor.name} for whom it asked,`} was deactivated.`
}

function ran(approved: string, outcome: HoldSummary['outcome']): string {
  if (outcome === null) return `${approved} and sent to the database; its answer is not recorded.`
  const took = `${count(Math.max(1, Math.round(outcome.durationMs)))} ms`
  return outcome.ok
    ? `${approved} and run in ${took}: ${outcome.tag}.`
    : `${approved}, and refused by the database after ${took}: SQLSTATE ${outcome.tag}.`
}

const FLAGS: Readonly<Record<string, string>> = {
  no_where: 'It has no WHERE: every row of the table is meant.',
  always_true_where: 'Its WHERE is always true: every row of the table is meant.',
  multi_statement: 'Several statements in one message; they run in this order.',
  cartesian_join: 'It joins every row with every row.',
  data_modifying_cte: 'It changes data inside a WITH.',
  explain_analyze: 'EXPLAIN ANALYZE runs the statement it explains.',
  copy_to: 'It copies data out.',
  copy_from: 'It copies data in.',
  contains_secret: 'A secret in it was taken out before it was shown.',
}

/** What should not be missed, beside what the reviewer can read: from the parser, never from the text. */
export function warnings({ facts }: HoldView): readonly string[] {
  const flags = facts.flags.flatMap((flag) => FLAGS[flag] ?? [])
  const effects = facts.effects.includes('unknown') ? ['Part of what it does could not be established.'] : []
  return [...flags, ...effects, ...facts.unresolved.map((detail) => `Not resolved: ${detail}`), ...facts.external]
}

const EFFECTS: Readonly<Record<string, string>> = {
  read: 'reads data',
  transaction: 'controls the transaction',
  session: 'changes the session',
  write: 'writes data',
  ddl: 'changes definitions',
  privilege: 'changes privileges',
  external: 'reaches outside the database',
  unknown: 'does something unknown',
}

export const effectsOf = ({ facts }: HoldView): string =>
  facts.effects.map((effect) => EFFECTS[effect] ?? effect).join(', ')

const VIA: Readonly<Record<string, string>> = {
  slack: 'in Slack',
  console: 'here',
  command_line: 'from the command line',
  email: 'by e-mail',
  postgres: 'on the connection',
  http: 'over HTTP',
  mcp: 'over MCP',
}

export const viaWord = (via: string): string => VIA[via] ?? via

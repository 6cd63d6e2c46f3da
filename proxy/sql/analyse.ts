import { loadModule, type Node } from 'libpg-query'
import type { Facts } from '../../policies/input.ts'
import type { Definition, OutputColumn, SessionEffects } from '../gate.ts'
import type { ColumnSet } from './column-set.ts'
import { asksApproval } from './comment-notes.ts'
import { type Budget, BudgetSpent, type Context, type NameContext } from './context.ts'
import { namesAfter } from './following.ts'
import { isKeptWhole, keptText } from './kept-text.ts'
import { type NativeError, nativeError } from './native-error.ts'
import { inertNumbers } from './numbers.ts'
import { fingerprintOf, type ParsedStatement, type ParseFailure, parse, SMALL_CHARACTERS_MAX } from './parse.ts'
import { Recorder } from './recorder.ts'
import { redact } from './redact.ts'
import { checkDefinitionsInside } from './routine-body.ts'
import { emptyScope } from './scope.ts'
import { noEffects, sessionEffects } from './session-effects.ts'
import { settled } from './settled.ts'
import { statement } from './statement.ts'
import { kindOf, tagOf } from './tag.ts'
import { inventory } from './tree.ts'

export type { NameContext } from './context.ts'

/** What one statement would do. Immutable. */
export interface Analysis {
  readonly text: string
  readonly redactedText: string
  /** Nothing but secrets is left out of `redactedText` (kept-text.ts). */
  readonly isKeptWhole: boolean
  readonly facts: Facts
  readonly outputs: readonly OutputColumn[] | null
  readonly effects: SessionEffects
  /** OID and SHA-256 of every relation and function it leads to that is not the server's own. */
  readonly definitions: readonly Definition[]
  /** What the server would answer; null unless all that is unresolved is text or names that it cannot read or find. */
  readonly native: NativeAnswer | null
  /** How many whole numbers it holds that nothing above depends on (numbers.ts). */
  readonly inertNumbers: number
}

export interface NativeAnswer {
  readonly error: NativeError
  /** The facts, had everything been found: what would be decided then. null: there are none, as it is not SQL. */
  readonly otherwise: Facts | null
}

/** Loads the parser. Once, before the first `analyse`. */
export async function loadParser(): Promise<void> {
  await loadModule()
}

/** Work allowed for one statement, in nodes walked: far more than any honest one needs for its size. */
const BUDGET_BASE = 200_000
const BUDGET_PER_CHARACTER = 50

/** The same for nodes walked. */
const SMALL_BUDGET = 25_000

/** @returns what `analyse` does, or null where that would take so long that it is to be done elsewhere */
export function analyseIfSmall(text: string, names: NameContext): readonly Analysis[] | null {
  if (text.length > SMALL_CHARACTERS_MAX) return null
  try {
    return analyse(text, names, { left: SMALL_BUDGET })
  } catch (error) {
    if (error instanceof BudgetSpent) return null
    throw error
  }
}

/**
 * Turns the text of one Query or Parse into one analysis per statement. Never throws for what a client sent, unless
 * there is a budget for the whole.
 * @throws BudgetSpent
 */
export function analyse(text: string, names: NameContext, budget: Budget | null = null): readonly Analysis[] {
  const parsed = parse(text)
  if ('reason' in parsed) return [unreadable(text, parsed)]
  const several = parsed.length > 1
  let namesNow = names
  return parsed.map((each) => {
    const analysis = analyseOne(each, namesNow, { whole: text, several, budget })
    if (several) namesNow = namesAfter(namesNow, analysis.facts, analysis.effects)
    return analysis
  })
}

interface Message {
  readonly whole: string
  readonly several: boolean
  /** Of all its statements together; null: each has its own. */
  readonly budget: Budget | null
}

function analyseOne(parsed: ParsedStatement, names: NameContext, message: Message): Analysis {
  return settled(names, (now) => analyseWith(parsed, now, message))
}

function analyseWith(parsed: ParsedStatement, names: NameContext, { whole, several, budget }: Message): Analysis {
  const { node, text } = parsed
  const context = contextFor(names, budget ?? budgetFor(text))
  const columns = walk(context, node, budget === null)
  const { record } = context
  if (several) record.flag('multi_statement')
  const executed = 'ExecuteStmt' in node ? (names.preparedStatement(node.ExecuteStmt.name ?? '')?.text ?? null) : ''
  const redacted = redact(text, node, executed)
  if (redacted.hasSecret) record.flag('contains_secret')
  // What stands before the first word of a statement is no part of its own text.
  if (asksApproval(several ? text : whole)) record.flag('asks_approval')
  const outputs = columns === null ? null : outputsOf(columns, record)
  const about = { kind: kindOf(node), tag: tagOf(node), fingerprint: fingerprintOf(text) }
  checkDefinitionsInside(record)
  const { firstMissing } = record
  const facts = record.facts(about, node)
  return {
    text,
    redactedText: keptText(redacted.text),
    isKeptWhole: isKeptWhole(redacted.text),
    facts,
    outputs,
    effects: sessionEffects(context, node, text, facts),
    definitions: record.definitions,
    native:
      firstMissing === null
        ? null
        : { error: nativeError(firstMissing, whole), otherwise: record.factsFound(about, node) },
    inertNumbers: several ? 0 : inertNumbers(node, text),
  }
}

function budgetFor(text: string): Budget {
  return { left: BUDGET_BASE + BUDGET_PER_CHARACTER * text.length }
}

function contextFor(names: NameContext, budget: Budget): Context {
  return {
    names,
    session: names,
    snapshot: names.snapshot.withTemporaries(names.temporaries),
    path: names.snapshot.schemasOnPath(names.searchPath, names.role),
    record: new Recorder(),
    seen: new Set(),
    budget,
    inside: [],
    changes: [],
  }
}

/** @returns the columns the statement returns; null when it was not walked to its end */
function walk(context: Context, node: Node, ownBudget: boolean): ColumnSet | null {
  const { record } = context
  try {
    const { unknown, significant } = inventory(node)
    if (unknown !== null) return refuse(record, unknown)
    const { columns } = statement(context, node, emptyScope(), 'projected')
    const missed = significant.filter((each) => !context.seen.has(each)).length
    return missed === 0 ? columns : refuse(record, `${missed} parts were not understood`)
  } catch (error) {
    if (error instanceof BudgetSpent && ownBudget) return refuse(record, 'too much work to understand')
    if (error instanceof RangeError) return refuse(record, 'nested too deeply to be understood')
    throw error
  }
}

function refuse(record: Recorder, detail: string): null {
  record.effect('unknown')
  record.unresolved('node', detail)
  return null
}

function outputsOf(columns: ColumnSet, record: Recorder): readonly OutputColumn[] | null {
  const all = columns.all()
  if (columns.open !== null) {
    if (record.touchesLabels) unknownOutputs(record)
    return null
  }
  if (all.length === 0) return null
  return all.map(({ name, sources, exact }) => ({ name, sources, exact: exact && sources.length > 0 }))
}

/** The columns of what does not exist are not known either, and that is nothing more. */
function unknownOutputs(record: Recorder): void {
  const { firstMissing } = record
  const detail = 'columns whose names and number are not known'
  if (firstMissing === null) record.unresolved('output', detail)
  else record.missing('output', detail, firstMissing)
}

function unreadable(text: string, { reason, native }: ParseFailure): Analysis {
  const record = new Recorder()
  record.effect('unknown')
  record.unresolved('syntax', reason)
  const redacted = redact(text, null)
  if (redacted.hasSecret) record.flag('contains_secret')
  return {
    text,
    redactedText: keptText(redacted.text),
    isKeptWhole: isKeptWhole(redacted.text),
    facts: record.facts({ kind: 'unreadable', tag: '', fingerprint: '' }, null),
    outputs: null,
    effects: { ...noEffects, barrier: true },
    definitions: [],
    native: native === null ? null : { error: native, otherwise: null },
    inertNumbers: 0,
  }
}

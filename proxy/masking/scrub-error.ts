import { MaskError } from './errors.ts'
import { isSqlstate, serverSqlstate } from './sqlstates.ts'

/**
 * Errors and notices quote values: `Key (email)=(bob@example.org) already exists`, `Failing row contains (…)`, `invalid
 * input syntax for type integer: "…"`, and whatever RAISE was given, in any field. For a statement that touches columns
 * the asker sees masked, every text is replaced by one that depends on the SQLSTATE alone, and a name stays only if the
 * statement named it itself.
 * https://www.postgresql.org/docs/current/protocol-error-fields.html
 */
export type ReportFields = ReadonlyMap<string, string>

/** Schemas, relations and columns that the statement's facts name; what else a field says may be a value. */
export type KnownNames = ReadonlySet<string>

const severities: ReadonlySet<string> = new Set([
  'ERROR',
  'FATAL',
  'PANIC',
  'WARNING',
  'NOTICE',
  'DEBUG',
  'INFO',
  'LOG',
])
const DETAIL = 'The text is withheld because the statement touches protected columns.'

/** @throws MaskError error_malformed: no SQLSTATE or no severity, so not a server's; nothing of it may be forwarded */
export function scrubError(fields: ReportFields, known: KnownNames): ReportFields {
  const severity = fields.get('V') ?? fields.get('S') ?? ''
  const sqlstate = fields.get('C') ?? ''
  if (!severities.has(severity) || !isSqlstate(sqlstate))
    throw new MaskError('error_malformed', 'The server sent an error or notice without a severity or SQLSTATE')
  const code = serverSqlstate(sqlstate)
  const kept: [string, string | undefined][] = [
    ['s', knownName(fields.get('s'), known)],
    ['t', knownName(fields.get('t'), known)],
    ['c', knownName(fields.get('c'), known)],
    ['n', knownConstraint(fields.get('n'), known)],
  ]
  return new Map([
    ['S', severity],
    ['V', severity],
    ['C', code],
    ['M', messageFor(code, severity)],
    ['D', DETAIL],
    ...kept.filter((field): field is [string, string] => field[1] !== undefined),
  ])
}

function knownName(name: string | undefined, known: KnownNames): string | undefined {
  return name !== undefined && known.has(name) ? name : undefined
}

const NAME_BYTES_MAX = 63
const SUFFIXES: ReadonlySet<string> = new Set(['pkey', 'key', 'fkey', 'check', 'excl', 'null'])

/** A constraint's default name: the relation, its columns, and what it is. Other names could say anything. */
function knownConstraint(name: string | undefined, known: KnownNames): string | undefined {
  if (name === undefined || name.length > NAME_BYTES_MAX) return undefined
  const suffix = SUFFIXES.has(name.slice(name.lastIndexOf('_') + 1))
  return suffix && consistsOf(name.slice(0, name.lastIndexOf('_')), known) ? name : undefined
}

function consistsOf(text: string, known: KnownNames): boolean {
  if (known.has(text) || text === 'not') return true
  for (let at = text.indexOf('_'); at !== -1; at = text.indexOf('_', at + 1))
    if (known.has(text.slice(0, at)) && consistsOf(text.slice(at + 1), known)) return true
  return false
}

function messageFor(code: string, severity: string): string {
  const own = byCode[code] ?? byClass[code.slice(0, 2)]
  if (own !== undefined) return own
  return severity === 'ERROR' || severity === 'FATAL' || severity === 'PANIC'
    ? 'the statement failed'
    : 'a notice was given'
}

const byCode: Readonly<Record<string, string>> = {
  '22001': 'a value is too long for its column',
  '22003': 'a number is out of range',
  '22007': 'a date or time is not valid',
  '22008': 'a date or time is out of range',
  '22012': 'division by zero',
  '22P02': 'a value is not valid for its type',
  '23502': 'a column must not be null',
  '23503': 'a foreign key is violated',
  '23505': 'a unique constraint is violated',
  '23514': 'a check constraint is violated',
  '40001': 'the transaction could not be serialised; it can be tried again',
  '40P01': 'a deadlock was detected',
  '55P03': 'a lock was not available',
  '57014': 'the statement was cancelled',
  '57P01': 'the server is shutting the connection down',
}

const byClass: Readonly<Record<string, string>> = {
  '01': 'a warning was given',
  '0A': 'the server does not support this',
  '21': 'a subquery gave more than one row',
  '22': 'a value cannot be used here',
  '23': 'a constraint is violated',
  '25': 'the transaction is not in a state for this',
  '26': 'the prepared statement does not exist',
  '28': 'the role is not authorised',
  '34': 'the cursor does not exist',
  '40': 'the transaction was rolled back',
  '42': 'the statement is not valid or not permitted',
  '44': 'a row does not fit its view’s condition',
  '53': 'the server is short of resources',
  '54': 'a limit of the server was exceeded',
  '55': 'an object is not in a state for this',
  '57': 'the server intervened',
  '58': 'the server had a system error',
  P0: 'a function raised an error',
  XX: 'the server had an internal error',
}

import type { HoldMode } from '../../../workflows/holds/hold.ts'
import { SessionError } from '../errors.ts'
import { parseOptions } from './options.ts'

/** What a client asked for at startup, after the allow-list. */
export interface StartupSettings {
  readonly user: string
  readonly database: string
  readonly application: string
  /** What becomes of a held statement, when the client chose. */
  readonly onHold: HoldMode | null
  /** Said with holdpoint.reason; shown to reviewers. */
  readonly reason: string | null
  /** Said with holdpoint.break_glass: run the first held statement at once, and why. */
  readonly breakGlass: string | null
  /** For the server, by their names in lower case. */
  readonly forwarded: ReadonlyMap<string, string>
}

/** Settings that change how values look or how long things may take, and neither what names mean nor who is asking. */
const allowed: ReadonlySet<string> = new Set([
  'application_name',
  'bytea_output',
  'datestyle',
  'default_transaction_deferrable',
  'default_transaction_isolation',
  'default_transaction_read_only',
  'extra_float_digits',
  'geqo',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'intervalstyle',
  'jit',
  'lock_timeout',
  'statement_timeout',
  'timezone',
  'transaction_timeout',
])
const NOT_SETTINGS: ReadonlySet<string> = new Set(['user', 'database', 'options'])
const OFF: ReadonlySet<string> = new Set(['off', 'false', 'no', '0', ''])
const REASON_CHARACTERS_MAX = 1_000

/** @throws SessionError parameter_refused for what is not allowed at startup */
export function readStartupSettings(parameters: ReadonlyMap<string, string>): StartupSettings {
  const user = parameters.get('user') ?? ''
  if (user === '') {
    throw new SessionError('wrong_user', 'no PostgreSQL user name specified in startup packet')
  }
  const forwarded = new Map<string, string>()
  const own = {
    onHold: null as 'wait' | 'error' | null,
    reason: null as string | null,
    breakGlass: null as string | null,
  }
  // PostgreSQL applies `options` first and the packet's own parameters after it.
  const settings = [...parseOptions(parameters.get('options') ?? ''), ...parameters].filter(
    ([name]) => !NOT_SETTINGS.has(name) && !name.startsWith('_pq_.'),
  )
  for (const [given, value] of settings) {
    const name = given.toLowerCase()
    if (name === 'holdpoint.on_hold') own.onHold = onHold(value)
    else if (name === 'holdpoint.reason') own.reason = value.slice(0, REASON_CHARACTERS_MAX)
    else if (name === 'holdpoint.break_glass') own.breakGlass = value.slice(0, REASON_CHARACTERS_MAX)
    else if (!isPinned(name, value)) forwarded.set(checked(name), value)
  }
  const application = forwarded.get('application_name') ?? ''
  return { user, database: parameters.get('database') || user, application, ...own, forwarded }
}

/** Settings that are the same for every session whatever was asked: asking for them is no error. */
function isPinned(name: string, value: string): boolean {
  if (name === 'client_encoding') return true
  if (name === 'standard_conforming_strings' && ['on', 'true', 'yes', '1'].includes(value.toLowerCase())) return true
  return name === 'replication' && OFF.has(value.toLowerCase())
}

function checked(name: string): string {
  if (allowed.has(name)) return name
  throw new SessionError('parameter_refused', `parameter "${name}" cannot be set at connection start`, {
    hint: 'Leave it out, or set it with a statement, which is judged like any other',
  })
}

function onHold(value: string): 'wait' | 'error' {
  if (value === 'wait' || value === 'error') return value
  throw new SessionError('parameter_refused', 'holdpoint.on_hold is wait or error', { sqlstate: '22023' })
}

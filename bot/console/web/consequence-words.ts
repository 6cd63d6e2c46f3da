import type { ConsequencesView } from '../consequences-schema.ts'

/** Consequences in plain words. */
type Lock = ConsequencesView['locks'][number]

interface LockMeaning {
  /** Others have to wait. */
  readonly stops: boolean
  readonly brief: string
  readonly long: string
}

const others = 'others read and write on; rows it changes are locked'
/** https://www.postgresql.org/docs/current/explicit-locking.html#TABLE-LOCK-COMPATIBILITY */
const meanings: Readonly<Record<string, LockMeaning>> = {
  'ACCESS SHARE': { stops: false, brief: 'in nobody’s way', long: 'others read and write on' },
  'ROW SHARE': {
    stops: false,
    brief: 'locks the rows it reads',
    long: 'others read and write on; rows it reads are locked',
  },
  'ROW EXCLUSIVE': { stops: false, brief: 'locks the rows it changes', long: others },
  'SHARE UPDATE EXCLUSIVE': {
    stops: false,
    brief: 'others read and write on',
    long: 'others read and write on; no second of its kind',
  },
  SHARE: { stops: true, brief: 'nobody else writes', long: 'others read; whoever writes waits' },
  'SHARE ROW EXCLUSIVE': { stops: true, brief: 'nobody else writes', long: 'others read; whoever writes waits' },
  EXCLUSIVE: { stops: true, brief: 'nobody else writes', long: 'others only read' },
  'ACCESS EXCLUSIVE': { stops: true, brief: 'nobody else reads or writes', long: 'everybody else waits, readers too' },
}

export function lockMeaning(mode: string): LockMeaning {
  return meanings[mode] ?? { stops: true, brief: 'others may have to wait', long: '' }
}

const order = Object.keys(meanings)

export function strongestLock({ locks }: ConsequencesView): Lock | null {
  return [...locks].sort((a, b) => order.indexOf(b.mode) - order.indexOf(a.mode))[0] ?? null
}

export interface Said {
  readonly what: string
  readonly because: string
  readonly off: boolean
}

const does = {
  delete: 'Deletes',
  update: 'Changes',
  set_null: 'Empties the reference in',
  set_default: 'Sets the default in',
} as const

export function cascadeSentence(cascade: NonNullable<ConsequencesView['cascades']>[number]): Said {
  const { table, from, constraint, rows } = cascade
  const most = cascade.does === 'update' && rows !== null && rows > 0 ? 'up to ' : ''
  const many = rows === null ? 'rows' : `${most}${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}`
  return {
    what: `${does[cascade.does]} ${many} of ${table}`,
    because: `that refer to ${from} (foreign key ${constraint})`,
    off: rows === 0,
  }
}

const timings = { before: 'before', after: 'after', instead: 'instead of' } as const

export function triggerSentence(trigger: NonNullable<ConsequencesView['triggers']>[number]): Said {
  const { table, name, runs, on, timing, enabled } = trigger
  const fires = enabled === 'origin' || enabled === 'always'
  const state = enabled === 'disabled' ? ', turned off' : enabled === 'replica' ? ', on replicas only' : ''
  return {
    what: `${fires ? 'Runs' : 'Does not run'} ${runs}()`,
    because: `${timings[timing]} each ${on.toUpperCase()} on ${table} (trigger ${name}${state})`,
    off: !fires,
  }
}

/** What a table lock means for everybody else. https://www.postgresql.org/docs/current/explicit-locking.html */
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

/** The one that is most in the way. */
export function strongestLock<T extends { readonly mode: string }>(locks: readonly T[]): T | null {
  return [...locks].sort((a, b) => order.indexOf(b.mode) - order.indexOf(a.mode))[0] ?? null
}

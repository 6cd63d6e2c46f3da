import type { ConsequencesView } from '../consequences-schema.ts'

/** Consequences in plain words. */

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

/** Whether what is written may be another thing than what the statement says. */
export function firesBefore({ triggers }: ConsequencesView): boolean {
  return (triggers ?? []).some(
    ({ timing, on, enabled }) =>
      timing === 'before' && on !== 'delete' && (enabled === 'origin' || enabled === 'always'),
  )
}

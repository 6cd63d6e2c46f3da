import type { TargetConfig } from '../config.ts'
import type { SessionView } from './gate.ts'

/** Who asks of which target, as whom there, and by what names. */
export interface Opened extends Pick<SessionView, 'identity' | 'door' | 'application' | 'role' | 'searchPath'> {
  readonly target: TargetConfig
}

/** A session as it is right after it was opened: for asking the gate what would become of a statement in it. */
export function freshSession({ target: { name, environment, database }, ...opened }: Opened): SessionView {
  return {
    ...opened,
    target: { name, environment, database },
    transaction: 'idle',
    temporaryRelations: new Set(),
    preparedStatement: () => undefined,
    cursor: () => undefined,
  }
}

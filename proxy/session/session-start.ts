import type { Identity, SessionInput, Target } from '../../policies/input.ts'
import type { Urgency } from '../catalog/looks.ts'
import type { Said } from './said.ts'

/** What a session begins with. */
export interface SessionStart {
  readonly identity: Identity
  readonly target: Target
  readonly door: SessionInput['door']
  readonly application: string
  readonly role: string
  readonly searchPath: string | null
  readonly said: Said
  readonly catalog: SessionCatalog
}

/** What a session needs of its target's catalog. */
export interface SessionCatalog {
  /** Changes with every change of a definition. */
  version(): number
  labelsOf(relationOid: number, attribute: number): readonly string[]
  /** A definition was changed; what is judged from now on waits until it is known. */
  changed(): void
  /** Looks now for what others have changed. Never rejects: what cannot be looked at is not judged by. */
  look(urgency: Urgency): Promise<void>
  /** Making a value of this type runs code: the checks of a domain. */
  runsCode(typeOid: number): boolean
}

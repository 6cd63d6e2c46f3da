import type { Node } from 'libpg-query'
import type { Context } from '../context.ts'
import { type DefinitionChange, definitionChanges } from '../definition-change.ts'
import { Recorder } from '../recorder.ts'
import { Opaque } from './opaque.ts'

export interface Defining {
  /** In a DO. Any other body that defines something is not followed. */
  readonly defines: boolean
  /** What stands in a loop is also run behind what follows it there. */
  readonly ahead: readonly DefinitionChange[]
}

/**
 * What names mean along a body. Each definition holds for all that stands behind it, and as it may not have run (in an
 * IF, or undone by EXCEPTION), so does what was before it: that is how changes of an open transaction are read.
 */
export class BodyNames {
  context: Context
  readonly made: DefinitionChange[] = []
  /** Something was defined inside a loop. */
  madeInLoop = false
  /** Where the statement stands that is looked at. */
  line: unknown = null
  readonly #defines: boolean
  #loops = 0
  #isChanged = false

  constructor(context: Context, { defines, ahead }: Defining) {
    this.context = context
    this.#defines = defines
    this.#add(ahead)
  }

  /** @param work one statement's, or one expression's */
  along<T>(node: Node, work: (context: Context) => T): T {
    const inside = { ...this.context, record: new Recorder() }
    const result = work(inside)
    if (this.#isChanged && inside.record.hasGaps)
      inside.record.unresolved('opaque_body', `DO (plpgsql), line ${this.line}: it names what was defined before`)
    this.context.record.absorb(inside.record, null)
    if (!inside.record.hasEffect('ddl') && !inside.record.hasEffect('privilege')) return result
    const changes = definitionChanges(inside, node)
    if (!this.#defines && changes.length === 0) return result
    if (!this.#defines) throw new Opaque('a definition')
    if (!('TruncateStmt' in node) && isAboutTemporary(inside.record, node))
      throw new Opaque('a definition of a temporary relation')
    this.made.push(...changes)
    this.madeInLoop ||= this.#loops > 0 && changes.length > 0
    this.#add(changes)
    return result
  }

  looped(work: () => void): void {
    this.#loops++
    work()
    this.#loops--
  }

  #add(changes: readonly DefinitionChange[]): void {
    if (changes.length === 0) return
    this.#isChanged = true
    const { names, session } = this.context
    const uncommitted = [...(session.uncommitted ?? []), ...changes]
    this.context = { ...this.context, names: { ...names, uncommitted }, session: { ...session, uncommitted } }
  }
}

/** What is carried into one is followed only from statement to statement. */
function isAboutTemporary(record: Recorder, node: Node): boolean {
  const { relations } = record.facts({ kind: '', tag: '', fingerprint: '' }, node)
  return relations.some(({ temporary, access }) => temporary && access.some((each) => each !== 'select'))
}

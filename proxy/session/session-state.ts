import type { Identity, SessionInput, Target } from '../../policies/input.ts'
import type { Urgency } from '../catalog/looks.ts'
import { carriedBy, type Temporaries } from '../catalog/temporaries.ts'
import type { Judgement, SessionView } from '../gate.ts'
import { type DefinitionChange, withoutTemporary } from '../sql/definition-change.ts'
import { type Doubts, either, isChained, noDoubts } from './doubts.ts'
import { NameTable } from './name-table.ts'
import { cursor, type NamesVersion, type Portal, type PreparedStatement } from './prepared.ts'
import type { Said } from './said.ts'
import { type DescribedSchema, TemporaryRelations } from './temporary-relations.ts'
import { type Traits, traitsOf } from './traits.ts'

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

/** What the session knows about itself: told by the server, or asked of it; never guessed. */
export class SessionState implements SessionView {
  readonly identity: Identity
  readonly target: Target
  readonly door: SessionInput['door']
  readonly said: Said
  application: string
  transaction: SessionInput['transaction'] = 'idle'
  role: string
  searchPath: string | null
  temporaryRelations: ReadonlySet<string> = new Set()
  readonly statements = new NameTable<PreparedStatement>()
  readonly portals = new NameTable<Portal>()
  /** What the open transaction has changed about names; others, the catalog among them, cannot see it. */
  uncommitted: readonly DefinitionChange[] = NONE
  /** What the open transaction may have changed: its end may change it back. */
  touched: Doubts = noDoubts
  /** What ran in the open transaction and may still fail, at its end, with an error that quotes values. */
  readonly withheld = new Set<Judgement>()
  readonly #temporary = new TemporaryRelations()
  #doubts: Doubts
  /** Of the catalog when the server last printed this session's temporary views. */
  #viewsAsOf = 0
  #described = '[]'
  #namesVersion = 0
  #catalogTouched = false
  /** Before the open transaction touched them. */
  #temporariesBefore: ReadonlySet<string> | null = null
  readonly #reportsPath: boolean
  readonly #catalog: SessionCatalog

  constructor(start: SessionStart) {
    this.identity = start.identity
    this.target = start.target
    this.door = start.door
    this.application = start.application
    this.said = start.said
    this.role = start.role
    this.searchPath = start.searchPath
    this.#reportsPath = start.searchPath !== null
    this.#doubts = { ...noDoubts, path: !this.#reportsPath }
    this.#catalog = start.catalog
  }

  /** What may not be what it was: the server is asked before the next judging. */
  get doubts(): Doubts {
    return this.viewsMayDiffer ? { ...this.#doubts, relations: true } : this.#doubts
  }

  set doubts(doubts: Doubts) {
    this.#doubts = doubts
  }

  /** A definition has changed since the server printed the session's temporary views. */
  get viewsMayDiffer(): boolean {
    const version = this.#catalog.version()
    return this.#temporary.hasViews && !Number.isNaN(version) && version !== this.#viewsAsOf
  }

  /** What is known of the temporary relations. */
  get temporaries(): Temporaries {
    return this.#temporary.now
  }

  /** These go to the server in one message: from now on they may have run. */
  sends(judgements: readonly Judgement[]): void {
    this.#temporary.sends(judgements)
  }

  labelsOf(relationOid: number, attribute: number): readonly string[] {
    const own = this.temporaries.relations.find(({ relation }) => relation.oid === relationOid)
    return own === undefined ? this.#catalog.labelsOf(relationOid, attribute) : carriedBy(own, attribute).labels
  }

  /** A parameter becomes a value of its type before anything of the statement runs. */
  runsCodeFor(parameterTypes: readonly number[]): boolean {
    return parameterTypes.some((oid) => this.#catalog.runsCode(oid))
  }

  get names(): NamesVersion {
    return { session: this.#namesVersion, catalog: this.#catalog.version() }
  }

  isCurrent(names: NamesVersion): boolean {
    return names.session === this.#namesVersion && names.catalog === this.#catalog.version()
  }

  preparedStatement(name: string): string | undefined {
    const statement = this.statements.lookup(name)
    // The server may still mean by it what its names meant then, so its text says nothing any more.
    return statement !== undefined && this.isCurrent(statement.names) ? statement.text : undefined
  }

  cursor(name: string): string | undefined {
    const portal = this.portals.lookup(name)
    return portal !== undefined && this.isCurrent(portal.names) ? portal.text : undefined
  }

  /** The server says a statement completed. */
  completed(judgement: Judgement): void {
    const { effects } = judgement
    const traits = traitsOf(judgement)
    const { prepares, deallocates, declares, closes } = effects
    if (judgement.facts.settings.length > 0) this.said.set(judgement.facts.settings)
    if (judgement.scrub && this.withheld.size < WITHHELD_MAX) this.withheld.add(judgement)
    if (deallocates === 'all') this.statements.keepOnly(() => false)
    else if (deallocates !== null) this.statements.set(deallocates, null)
    if (prepares !== null)
      this.statements.set(prepares.name, { ...prepares, parameterTypes: null, names: this.names, judged: null })
    if (closes === 'all') this.portals.keepOnly(() => false)
    else if (closes !== null) this.portals.set(closes, null)
    if (declares !== null)
      this.portals.set(declares.name, cursor({ ...declares, names: this.names, whole: judgement.text }))
    if (effects.changesCatalog) {
      this.#namesVersion++
      this.#catalogTouched = true
      this.uncommitted = together(this.uncommitted, effects.changes ?? NONE)
    }
    if (traits.unsettles !== noDoubts) this.#touch(traits.unsettles)
    else if (traits.endsTransaction && isChained(judgement.text)) this.#chained()
    else if (traits.transaction) this.doubts = either(this.doubts, this.touched)
  }

  /** ReadyForQuery. */
  ready(status: SessionInput['transaction']): void {
    this.transaction = status
    if (status === 'idle') this.#idle()
    // The server has reported it by now, if it has changed: https://www.postgresql.org/docs/18/protocol-flow.html
    if (this.#reportsPath && this.doubts.path) this.doubts = { ...this.doubts, path: false }
  }

  #idle(): void {
    this.withheld.clear()
    this.portals.keepOnly(({ holdable }) => holdable)
    // What was set or made in the transaction may have ended with it.
    this.doubts = either(this.doubts, this.touched)
    this.touched = noDoubts
    this.#temporariesBefore = null
    // Only now can others see it, the catalog's own connection among them.
    if (this.#catalogTouched) this.#catalog.changed()
    this.#catalogTouched = false
    this.uncommitted = NONE
  }

  searchPathReported(searchPath: string): void {
    if (this.searchPath !== searchPath) this.#namesVersion++
    this.searchPath = searchPath
  }

  /** What the server will not have reported by the end of what these run, in this order. */
  doubtsAfter(traits: readonly Traits[]): Doubts {
    let doubts = this.doubts
    let touched = this.touched
    for (const { unsettles, transaction } of traits) {
      touched = either(touched, unsettles)
      doubts = either(doubts, transaction ? touched : unsettles)
    }
    return this.#reportsPath && doubts.path ? { ...doubts, path: false } : doubts
  }

  /** What the server answered when asked. */
  namesKnown(known: KnownNames): void {
    const { role = this.role, searchPath = this.searchPath, temporary } = known
    const described = temporary === undefined ? this.#described : JSON.stringify(temporary)
    const same = role === this.role && searchPath === this.searchPath && described === this.#described
    if (!same) this.#namesVersion++
    this.#described = described
    this.role = role
    this.searchPath = searchPath
    if (temporary !== undefined) this.#temporariesKnown(temporary)
    this.#doubts = {
      path: this.#doubts.path && known.searchPath === undefined,
      role: this.#doubts.role && known.role === undefined,
      relations: this.#doubts.relations && temporary === undefined,
    }
  }

  #temporariesKnown({ schema, relations }: DescribedSchema): void {
    const before = this.temporaries
    const viewPath = this.searchPath ?? ''
    this.temporaryRelations = new Set(relations.map(({ name }) => name))
    this.#temporary.found({ schema, relations, viewPath, idle: this.transaction === 'idle' })
    this.uncommitted = withoutTemporary(this.uncommitted, [before, this.temporaries])
    this.#viewsAsOf = this.#catalog.version()
  }

  #touch(doubts: Doubts): void {
    this.doubts = either(this.doubts, doubts)
    this.touched = either(this.touched, doubts)
    if (doubts.relations) this.#temporariesBefore ??= this.temporaryRelations
  }

  /**
   * A transaction ended and the next began with it, in which nothing of ours may take a snapshot. Which temporary
   * relations are left is asked for when that ends; until then a name may mean any that there was.
   */
  #chained(): void {
    this.doubts = either(this.doubts, { ...this.touched, relations: false })
    if (this.#temporariesBefore === null) return
    this.temporaryRelations = this.temporaryRelations.union(this.#temporariesBefore)
    this.#temporary.unsettle()
    this.#described = ''
    this.#namesVersion++
  }
}

/** What the server answers when asked for some or all of it. */
export interface KnownNames {
  readonly role?: string
  readonly searchPath?: string
  readonly temporary?: DescribedSchema
}

const NONE: readonly never[] = []
/** They only say which names may be shown; with fewer of them, fewer are. */
const WITHHELD_MAX = 100
/** Beyond this many, following each costs more than it is worth: nothing is taken for known. */
const UNCOMMITTED_MAX = 500
const anything: readonly DefinitionChange[] = [{ kind: 'anything' }]

function together(
  before: readonly DefinitionChange[],
  added: readonly DefinitionChange[],
): readonly DefinitionChange[] {
  return before.length + added.length > UNCOMMITTED_MAX ? anything : [...before, ...added]
}

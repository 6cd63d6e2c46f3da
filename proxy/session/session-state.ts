import type { Identity, SessionInput, Target } from '../../policies/input.ts'
import type { Judgement, Remembered, SessionView } from '../gate.ts'
import { type DefinitionChange, withoutTemporary } from '../sql/definition-change.ts'
import { type Doubts, doubtsAfter, either, isChained, noDoubts } from './doubts.ts'
import { NameTable } from './name-table.ts'
import { cursor, type NamesVersion, type Portal, type PreparedStatement } from './prepared.ts'
import type { Said } from './said.ts'
import type { SessionCatalog, SessionStart } from './session-start.ts'
import { type DescribedSchema, type KnownNames, TemporaryRelations } from './temporary-relations.ts'
import { type Traits, traitsOf } from './traits.ts'
import { together } from './uncommitted.ts'

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
    return this.#temporary.viewsMayDiffer(this.#catalog.version())
  }

  get temporaryRelations(): ReadonlySet<string> {
    return this.#temporary.names
  }

  /** What is known of the temporary relations. */
  get temporaries(): TemporaryRelations['now'] {
    return this.#temporary.now
  }
  /** These go to the server in one message: from now on they may have run. */
  sends(judgements: readonly Judgement[]): void {
    this.#temporary.sends(judgements)
  }

  labelsOf(relationOid: number, attribute: number): readonly string[] {
    return this.#temporary.labelsOf(relationOid, attribute) ?? this.#catalog.labelsOf(relationOid, attribute)
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

  preparedStatement(name: string): Remembered | undefined {
    return this.statements.lookup(name)
  }

  cursor(name: string): Remembered | undefined {
    return this.portals.lookup(name)
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
    const doubts = doubtsAfter(this, traits)
    return this.#reportsPath && doubts.path ? { ...doubts, path: false } : doubts
  }

  /** What the server answered when asked. */
  namesKnown(known: KnownNames): void {
    const { role = this.role, searchPath = this.searchPath, temporary } = known
    const alike = role === this.role && searchPath === this.searchPath
    this.role = role
    this.searchPath = searchPath
    const same = temporary === undefined || this.#found(temporary)
    if (!alike || !same) this.#namesVersion++
    this.#doubts = {
      path: this.#doubts.path && known.searchPath === undefined,
      role: this.#doubts.role && known.role === undefined,
      relations: this.#doubts.relations && temporary === undefined,
    }
  }

  /** @returns whether they are what they were */
  #found(described: DescribedSchema): boolean {
    const before = this.temporaries
    const now = { viewPath: this.searchPath ?? '', version: this.#catalog.version(), idle: this.transaction === 'idle' }
    const same = this.#temporary.found({ ...described, ...now })
    this.uncommitted = withoutTemporary(this.uncommitted, [before, this.temporaries])
    return same
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
    this.#temporary.unsettle(this.#temporariesBefore)
    this.#namesVersion++
  }
}

const NONE: readonly never[] = []
/** They only say which names may be shown; with fewer of them, fewer are. */
const WITHHELD_MAX = 100

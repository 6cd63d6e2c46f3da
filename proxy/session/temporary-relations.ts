import type { Relation, RelationKind } from '../catalog/definitions.ts'
import {
  type CarriedAtCreation,
  carriedBy,
  carriedByColumn,
  carriedInto,
  noTemporaries,
  TEMPORARY_SCHEMA,
  type Temporaries,
  type TemporaryRelation,
  together,
} from '../catalog/temporaries.ts'
import type { Judgement } from '../gate.ts'
import { namesOfTemporariesAfter, temporariesAfter } from '../sql/following.ts'
import { traitsOf } from './traits.ts'

/** A relation in the session's temporary schema, as the server described it. */
export interface Described {
  readonly name: string
  readonly oid: number
  /** pg_class.relkind */
  readonly kind: string
  readonly rowType: number
  /** Nothing is attached to it that does more than it says: no triggers, rules, policies, parents or children. */
  readonly plain: boolean
  readonly query: string | null
  readonly attributes: Relation['attributes']
}

/** All there are; of the schema's name nothing while there is none. */
export interface DescribedSchema {
  readonly schema: string
  readonly relations: readonly Described[]
}

/** What the server answers when asked for some or all of it. */
export interface KnownNames {
  readonly role?: string
  readonly searchPath?: string
  readonly temporary?: DescribedSchema
}

export interface Found extends DescribedSchema {
  /** The search path by which their queries are printed. */
  readonly viewPath: string
  /** Of the catalog. */
  readonly version: number
  /** No transaction is open that could bring back what is gone. */
  readonly idle: boolean
}

const kinds: Readonly<Record<string, RelationKind | undefined>> = { r: 'table', v: 'view', S: 'sequence' }
/** Of what else runs in the message of a CREATE, these leave every temporary relation under its name. */
const calm: ReadonlySet<string> = new Set(['index', 'drop', 'vacuum', 'variable_set', 'create', 'create_table_as'])

type Holding = Omit<TemporaryRelation, 'relation' | 'query'>
/** It has nothing in it that is not in what it reads. */
const OF_A_VIEW: Holding = { carried: new Map(), everywhere: [] }

/**
 * What a session's temporary relations are, by OID: the server says what there is whenever that may have changed, and
 * what was carried into each is kept from the moment a statement may run, whether it succeeds or not. One that was made
 * in a way that is not followed stays unknown: nothing labelled is put there, and whatever the session has carried
 * anywhere may be in it.
 */
export class TemporaryRelations {
  now: Temporaries = noTemporaries
  /** Of all that is in the session's temporary schema. */
  names: ReadonlySet<string> = new Set()
  #described = '[]'
  #viewsAsOf = 0
  /** null: once not known, it never is again, as nobody has seen what was put there meanwhile. */
  readonly #known = new Map<number, Holding | null>()
  readonly #made = new Map<string, CarriedAtCreation | null>()
  /** What there is once all of the message has run, with what it makes. */
  #ahead: Temporaries = noTemporaries
  #isCalm = true

  /** Whether a definition has changed since the server printed the views: the names in them may be others' now. */
  viewsMayDiffer(version: number): boolean {
    return (
      version !== this.#viewsAsOf && this.now.relations.some(({ query }) => query !== null) && !Number.isNaN(version)
    )
  }

  /** undefined: it is none of these. */
  labelsOf(relationOid: number, attribute: number): readonly string[] | undefined {
    const own = this.now.relations.find(({ relation }) => relation.oid === relationOid)
    return own === undefined ? undefined : carriedBy(own, attribute).labels
  }

  /** These are about to run, in one message. What was made before is known by now, or has failed. */
  sends(judgements: readonly Judgement[]): void {
    this.#made.clear()
    this.#isCalm = true
    this.#ahead = this.now
    let names = this.names
    for (const judgement of judgements) {
      this.#ahead = temporariesAfter({ temporaries: this.#ahead, temporaryRelations: names }, judgement.effects)
      names = namesOfTemporariesAfter(names, judgement.effects)
      this.#send(judgement)
    }
  }

  #send(judgement: Judgement): void {
    const { carries = [], created = null, createsTemporary, dropsSurely = [] } = judgement.effects
    this.#take(carriedInto(this.now, carries))
    for (const name of dropsSurely) this.#made.delete(name)
    if (created !== null && !('query' in created)) {
      const inside = [created.anywhere, ...(created.columns ?? []).map(({ labels }) => labels)]
      const labels = inside.reduce(together, this.now.labels)
      if (labels !== this.now.labels) this.now = { ...this.now, labels }
    }
    if (!traitsOf(judgement).unsettles.relations) return
    if (!calm.has(judgement.facts.kind) && createsTemporary.length === 0) this.#isCalm = false
    const [name] = createsTemporary
    const isView = created !== null && 'query' in created
    if (name !== undefined && !isView) this.#made.set(name, this.#made.has(name) ? null : created)
  }

  #take(now: Temporaries): void {
    this.now = now
    for (const { relation, carried, everywhere } of now.relations)
      this.#known.set(relation.oid, { carried, everywhere })
  }

  /** Some may be gone, and which is not known: a name may mean any of them or what they hid. */
  unsettle(before: ReadonlySet<string>): void {
    this.names = this.names.union(before)
    this.#described = ''
    const opaque = this.now.relations.filter(({ query }) => query !== null).map(({ relation }) => relation.name)
    if (this.now !== noTemporaries) this.now = { ...this.now, relations: [], opaque: [...this.now.opaque, ...opaque] }
  }

  /** What there is now. @returns whether it is what there was */
  found({ schema, relations, viewPath, version, idle }: Found): boolean {
    const described = JSON.stringify(relations)
    const same = described === this.#described
    this.#described = described
    this.names = new Set(relations.map(({ name }) => name))
    this.#viewsAsOf = version
    const known = relations.flatMap((each) => this.#followed(each) ?? [])
    const opaque = relations.filter(
      ({ kind, oid }) => kind === 'v' && !known.some(({ relation }) => relation.oid === oid),
    )
    if (idle) this.#forget(new Set(relations.map(({ oid }) => oid)))
    this.#made.clear()
    this.#isCalm = true
    const labels = relations.length === 0 && idle ? [] : this.now.labels
    if (relations.length + labels.length === 0) this.now = noTemporaries
    else this.#take({ schema, relations: known, opaque: opaque.map(({ name }) => name), labels, viewPath })
    return same
  }

  #followed({ name, oid, kind, rowType, plain, query, attributes }: Described): TemporaryRelation | null {
    const is = kinds[kind]
    const before = this.#known.get(oid)
    const carried = is === 'view' ? OF_A_VIEW : before === undefined ? this.#fromCreation(name, attributes) : before
    if (!plain || is === undefined || carried === null) {
      this.#known.set(oid, null)
      return null
    }
    const owned = { owner: 0, toast: 0, system: false, rowSecurity: false }
    const relation: Relation = { oid, schema: TEMPORARY_SCHEMA, name, kind: is, rowType, attributes, ...owned }
    return { relation, ...carried, query }
  }

  #fromCreation(
    name: string,
    attributes: Relation['attributes'],
  ): Omit<TemporaryRelation, 'relation' | 'query'> | null {
    const made = this.#isCalm ? (this.#made.get(name) ?? null) : null
    if (made === null) return null
    const ahead = this.#ahead.relations.find(({ relation }) => relation.oid < 0 && relation.name === name)
    const { columns, anywhere } = made
    const listed = ahead?.relation.attributes ?? columns
    const inOrder =
      listed === null ||
      (attributes.length === listed.length && attributes.every(({ number }, index) => number === index + 1))
    if (!inOrder) return null
    const { carried, everywhere } = ahead ?? { carried: carriedByColumn(columns ?? []), everywhere: anywhere }
    return { carried, everywhere }
  }

  #forget(kept: ReadonlySet<number>): void {
    for (const oid of this.#known.keys()) if (!kept.has(oid)) this.#known.delete(oid)
  }
}

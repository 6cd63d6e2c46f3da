import type {
  Access,
  Column,
  ColumnUse,
  Effect,
  Facts,
  Flag,
  Relation as RelationFact,
  Routine as RoutineFact,
  Setting,
  Unresolved,
} from '../../policies/input.ts'
import type { Source } from '../catalog/snapshot.ts'
import type { Missing } from './native-error.ts'
import { isSecretName, withoutSecrets } from './secret-words.ts'

type External = Facts['external'][number]

const uses: readonly ColumnUse[] = [
  'projected',
  'filtered',
  'joined',
  'sorted',
  'grouped',
  'written',
  'returned',
  'probed',
]
const useBits = Object.fromEntries(uses.map((use, bit) => [use, 1 << bit])) as Readonly<Record<ColumnUse, number>>

/** These say something of a write wherever it stands; the others are about the statement that was sent. */
const ofWrites: readonly Flag[] = ['no_where', 'always_true_where']

const effects: readonly Effect[] = [
  'read',
  'transaction',
  'session',
  'write',
  'ddl',
  'privilege',
  'external',
  'unknown',
]

interface RelationEntry {
  readonly fact: Omit<RelationFact, 'access'>
  readonly access: Set<Access>
}

/** Collects what is found while a statement, a view's query or a function's body is walked. Everything is a set. */
export class Recorder {
  readonly #effects = new Set<Effect>()
  readonly #relations = new Map<string, RelationEntry>()
  readonly #columns = new Map<Source, number>()
  readonly #routines = new Map<string, RoutineFact>()
  readonly #roles = new Set<string>()
  readonly #settings = new Map<string, Setting>()
  readonly #external = new Map<string, External>()
  readonly #flags = new Set<Flag>()
  readonly #unresolved = new Map<string, Unresolved>()
  readonly #missing = new Map<string, Missing>()
  #callsMissing = false
  readonly #definitions = new Map<number, string>()
  readonly #computed = new Set<Source>()
  #plain = 0

  effect(effect: Effect): void {
    this.#effects.add(effect)
  }

  hasEffect(effect: Effect): boolean {
    return this.#effects.has(effect) || (effect === 'unknown' && this.#callsMissing)
  }

  relation(key: number | string, access: readonly Access[], fact: () => Omit<RelationFact, 'access'>): void {
    let entry = this.#relations.get(String(key))
    if (entry === undefined) {
      entry = { fact: fact(), access: new Set() }
      this.#relations.set(String(key), entry)
    }
    for (const each of access) entry.access.add(each)
  }

  column(source: Source, use: ColumnUse): void {
    this.#columns.set(source, (this.#columns.get(source) ?? 0) | useBits[use])
  }

  /** A labelled column decides something in a way that can spell its value out, unless inside `plainly`. */
  probed(source: Source): void {
    if (this.#plain === 0 && source.labels.length > 0) this.column(source, 'probed')
  }

  plainly<T>(work: () => T): T {
    this.#plain++
    try {
      return work()
    } finally {
      this.#plain--
    }
  }

  routine(routine: RoutineFact): void {
    const key = `${routine.schema}.${routine.name}`
    const before = this.#routines.get(key)
    this.#routines.set(key, before === undefined ? routine : lessTrusted(before, routine))
  }

  role(name: string): void {
    this.#roles.add(name)
  }

  setting(setting: Setting): void {
    const { name, value: given } = setting
    const value = given === null ? null : isSecretName(name) ? '***' : withoutSecrets(given)
    this.#settings.set(`${setting.name} ${value ?? ''} ${setting.scope}`, { ...setting, value })
  }

  get settings(): Iterable<Setting> {
    return this.#settings.values()
  }

  external(external: External): void {
    this.#external.set(`${external.kind} ${external.detail}`, external)
  }

  flag(flag: Flag): void {
    this.#flags.add(flag)
  }

  hasFlag(flag: Flag): boolean {
    return this.#flags.has(flag)
  }

  unresolved(code: Unresolved['code'], detail: string): void {
    this.#unresolved.set(`${code} ${detail}`, { code, detail })
  }

  /** Unresolved because the server does not have it either. */
  missing(code: Unresolved['code'], detail: string, missing: Missing): void {
    this.unresolved(code, detail)
    const key = `${code} ${detail}`
    if (!this.#missing.has(key)) this.#missing.set(key, missing)
    // What a function that is not there would do is not known; had it been found, this would say nothing.
    if (code === 'function') this.#callsMissing = true
  }

  /** The first that the server would have stumbled over; null unless such are all that is unresolved. */
  get firstMissing(): Missing | null {
    for (const key of this.#unresolved.keys()) if (!this.#missing.has(key)) return null
    return firstOf([...this.#missing.values()])
  }

  get isResolved(): boolean {
    return this.#unresolved.size === 0
  }

  /** What functions that were looked into read to make their result: EXPLAIN shows it where planning calls them. */
  computed(sources: readonly Source[]): void {
    for (const source of sources) this.#computed.add(source)
  }

  get computedFrom(): readonly Source[] {
    return [...this.#computed]
  }

  definition(oid: number, hash: string): void {
    this.#definitions.set(oid, hash)
  }

  get definitions(): readonly { readonly oid: number; readonly hash: string }[] {
    return [...this.#definitions].map(([oid, hash]) => ({ oid, hash })).sort((a, b) => a.oid - b.oid)
  }

  /** Something with a label is touched, be it only by name. */
  get touchesLabels(): boolean {
    for (const { fact } of this.#relations.values()) if (fact.labels.length > 0) return true
    for (const source of this.#columns.keys()) if (source.labels.length > 0) return true
    return false
  }

  /** @param through the view, function or trigger that `other` was recorded for */
  absorb(other: Recorder, through: string): void {
    for (const effect of other.#effects) this.#effects.add(effect)
    if (other.#callsMissing) this.#effects.add('unknown')
    for (const [key, { fact, access }] of other.#relations) {
      const deeper = { ...fact, through: [through, ...fact.through] }
      this.relation(`${through}>${key}`, [...access], () => deeper)
    }
    for (const [source, bits] of other.#columns) this.#columns.set(source, (this.#columns.get(source) ?? 0) | bits)
    for (const routine of other.#routines.values()) this.routine(routine)
    for (const role of other.#roles) this.#roles.add(role)
    for (const setting of other.#settings.values()) this.setting(setting)
    for (const external of other.#external.values()) this.external(external)
    for (const [key, unresolved] of other.#unresolved) this.#unresolved.set(key, unresolved)
    for (const [oid, hash] of other.#definitions) this.#definitions.set(oid, hash)
    for (const source of other.#computed) this.#computed.add(source)
    for (const flag of ofWrites) if (other.#flags.has(flag)) this.#flags.add(flag)
  }

  /** What a statement names that is only planned: it is read by, and nothing in it is run but what planning runs. */
  absorbPlanned(planned: Recorder): void {
    for (const effect of ['external', 'unknown'] as const) if (planned.#effects.has(effect)) this.#effects.add(effect)
    this.#callsMissing ||= planned.#callsMissing
    for (const [key, { fact }] of planned.#relations) this.relation(key, ['select'], () => fact)
    for (const [source, bits] of planned.#columns) {
      const read = bits & ~useBits.written
      if (read !== 0) this.#columns.set(source, (this.#columns.get(source) ?? 0) | read)
    }
    for (const routine of planned.#routines.values()) this.routine(routine)
    for (const external of planned.#external.values()) this.external(external)
    for (const [key, unresolved] of planned.#unresolved) this.#unresolved.set(key, unresolved)
    for (const [key, missing] of planned.#missing) this.#missing.set(key, missing)
    for (const [oid, hash] of planned.#definitions) this.#definitions.set(oid, hash)
    for (const source of planned.#computed) this.#computed.add(source)
  }

  facts(statement: Pick<Facts, 'kind' | 'tag' | 'fingerprint'>): Facts {
    return {
      ...this.factsFound(statement),
      effects: effects.filter((effect) => this.hasEffect(effect)),
      unresolved: [...this.#unresolved.values()],
    }
  }

  /** The facts, had everything that is missing been found. */
  factsFound(statement: Pick<Facts, 'kind' | 'tag' | 'fingerprint'>): Facts {
    return {
      ...statement,
      effects: effects.filter((effect) => this.#effects.has(effect)),
      relations: [...this.#relations.values()].map(({ fact, access }) => ({ ...fact, access: [...access] })),
      columns: [...this.#columns].map(([source, bits]) => columnFact(source, bits)),
      functions: [...this.#routines.values()],
      roles: [...this.#roles],
      settings: [...this.#settings.values()],
      external: [...this.#external.values()],
      flags: [...this.#flags],
      unresolved: [],
    }
  }
}

/** The server looks into FROM first, as the walk does; then from left to right, but for the odd clause. */
function firstOf([first, ...rest]: readonly Missing[]): Missing | null {
  if (first === undefined || first.sqlstate === '42P01' || first.location === undefined) return first ?? null
  return rest.reduce((least, each) => ((each.location ?? Infinity) < (least.location ?? 0) ? each : least), first)
}

function columnFact(source: Source, bits: number): Column {
  return {
    schema: source.schema,
    relation: source.relation,
    column: source.column,
    uses: uses.filter((use) => (bits & useBits[use]) !== 0),
    labels: source.labels,
  }
}

const volatilities: readonly RoutineFact['volatility'][] = ['immutable', 'stable', 'volatile', 'unknown']

/** Of two functions of one name, the worse of each property: a rule that asks by name must hold for both. */
function lessTrusted(a: RoutineFact, b: RoutineFact): RoutineFact {
  const volatility =
    volatilities.indexOf(a.volatility) > volatilities.indexOf(b.volatility) ? a.volatility : b.volatility
  return { ...a, volatility, known: a.known && b.known, builtin: a.builtin && b.builtin }
}

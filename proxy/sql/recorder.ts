import type {
  Access,
  ColumnUse,
  Effect,
  Facts,
  Flag,
  Routine as RoutineFact,
  Setting,
  Unresolved,
} from '../../policies/input.ts'
import type { Source } from '../catalog/snapshot.ts'
import { ColumnUses } from './column-uses.ts'
import { Gaps } from './gaps.ts'
import type { Missing } from './native-error.ts'
import { type NamedRelation, RelationUses } from './relation-uses.ts'
import { RoutineUses } from './routine-uses.ts'
import { isSecretName, withoutSecrets } from './secret-words.ts'

type External = Facts['external'][number]

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

/** Collects what is found while a statement, a view's query or a function's body is walked. Everything is a set. */
export class Recorder {
  readonly #effects = new Set<Effect>()
  readonly #relations = new RelationUses()
  readonly #columns = new ColumnUses()
  readonly #routines = new RoutineUses()
  readonly #roles = new Set<string>()
  readonly #settings = new Map<string, Setting>()
  readonly #external = new Map<string, External>()
  readonly #flags = new Set<Flag>()
  readonly #gaps = new Gaps()
  readonly #definitions = new Map<number, string>()
  readonly #computed = new Set<Source>()
  #plain = 0

  effect(effect: Effect): void {
    this.#effects.add(effect)
  }

  hasEffect(effect: Effect): boolean {
    return this.#effects.has(effect) || (effect === 'unknown' && this.#gaps.callsMissing)
  }

  relation(key: number | string, access: readonly Access[], fact: () => NamedRelation): void {
    this.#relations.add(String(key), access, fact)
  }

  column(source: Source, use: ColumnUse): void {
    this.#columns.add(source, use)
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
    this.#routines.add(routine)
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
    this.#gaps.add(code, detail)
  }

  /** Unresolved because the server does not have it either. */
  missing(code: Unresolved['code'], detail: string, missing: Missing): void {
    this.#gaps.addMissing(code, detail, missing)
  }

  get firstMissing(): Missing | null {
    return this.#gaps.firstMissing
  }

  get isResolved(): boolean {
    return this.#gaps.isEmpty
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
    if (this.#relations.areLabelled) return true
    for (const source of this.#columns.sources()) if (source.labels.length > 0) return true
    return false
  }

  /** @param through the view, function or trigger that `other` was recorded for */
  absorb(other: Recorder, through: string): void {
    for (const effect of other.#effects) this.#effects.add(effect)
    if (other.#gaps.callsMissing) this.#effects.add('unknown')
    this.#relations.absorb(other.#relations, through)
    this.#columns.absorb(other.#columns)
    this.#routines.absorb(other.#routines)
    for (const role of other.#roles) this.#roles.add(role)
    for (const setting of other.#settings.values()) this.setting(setting)
    for (const external of other.#external.values()) this.external(external)
    this.#gaps.absorb(other.#gaps)
    for (const [oid, hash] of other.#definitions) this.#definitions.set(oid, hash)
    for (const source of other.#computed) this.#computed.add(source)
    for (const flag of ofWrites) if (other.#flags.has(flag)) this.#flags.add(flag)
  }

  /** What a statement names that is only planned: it is read by, and nothing in it is run but what planning runs. */
  absorbPlanned(planned: Recorder): void {
    for (const effect of ['external', 'unknown'] as const) if (planned.#effects.has(effect)) this.#effects.add(effect)
    this.#relations.absorbPlanned(planned.#relations)
    this.#columns.absorbPlanned(planned.#columns)
    this.#routines.absorb(planned.#routines)
    for (const external of planned.#external.values()) this.external(external)
    this.#gaps.absorbOwn(planned.#gaps)
    for (const [oid, hash] of planned.#definitions) this.#definitions.set(oid, hash)
    for (const source of planned.#computed) this.#computed.add(source)
  }

  facts(statement: Pick<Facts, 'kind' | 'tag' | 'fingerprint'>): Facts {
    return {
      ...this.factsFound(statement),
      effects: effects.filter((effect) => this.hasEffect(effect)),
      unresolved: this.#gaps.all(),
    }
  }

  /** The facts, had everything that is missing been found. */
  factsFound(statement: Pick<Facts, 'kind' | 'tag' | 'fingerprint'>): Facts {
    return {
      ...statement,
      effects: effects.filter((effect) => this.#effects.has(effect)),
      relations: this.#relations.facts(),
      columns: this.#columns.facts(),
      functions: this.#routines.facts(),
      roles: [...this.#roles],
      settings: [...this.#settings.values()],
      external: [...this.#external.values()],
      flags: [...this.#flags],
      unresolved: [],
    }
  }
}

import type { Node } from 'libpg-query'
import type { Access, ColumnUse, Effect, Facts, Flag, Routine as RoutineFact, Setting } from '../../policies/input.ts'
import type { Lock } from '../../policies/lock.ts'
import type { Unresolved } from '../../policies/unresolved.ts'
import type { Source } from '../catalog/snapshot.ts'
import type { Definition } from '../gate.ts'
import { Carries } from './carries.ts'
import { ColumnUses } from './column-uses.ts'
import { Gaps } from './gaps.ts'
import { AskedLocks, locksOf } from './locks.ts'
import type { Missing } from './native-error.ts'
import { Reach } from './reach.ts'
import { type NamedRelation, RelationUses } from './relation-uses.ts'
import { RoutineUses } from './routine-uses.ts'

type About = Pick<Facts, 'kind' | 'tag' | 'fingerprint'>
/** These are about a write wherever it stands; the others about the statement that was sent. */
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
  readonly #reach = new Reach()
  readonly #flags = new Set<Flag>()
  readonly #locks = new AskedLocks()
  readonly #gaps = new Gaps()
  readonly #definitions = new Map<number, string>()
  readonly #computed = new Set<Source>()
  readonly carries = new Carries()
  ledTo: readonly Definition[] = []
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
    this.#reach.addRole(name)
  }

  setting(setting: Setting): void {
    this.#reach.addSetting(setting)
  }

  get settings(): Iterable<Setting> {
    return this.#reach.settings
  }

  external(external: Facts['external'][number]): void {
    this.#reach.addExternal(external)
  }

  lock(lock: Lock): void {
    this.#locks.add(lock)
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

  /** Anything is unresolved so far. */
  get hasGaps(): boolean {
    return !this.#gaps.isEmpty
  }

  get firstMissing(): Missing | null {
    return this.#gaps.firstMissing
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

  get definitions(): readonly Definition[] {
    return [...this.#definitions].map(([oid, hash]) => ({ oid, hash })).sort((a, b) => a.oid - b.oid)
  }

  /** Something with a label is touched, be it only by name. */
  get touchesLabels(): boolean {
    return this.#relations.areLabelled || [...this.columnsUsed].some(({ labels }) => labels.length > 0)
  }

  get columnsUsed(): Iterable<Source> {
    return this.#columns.sources()
  }

  /** @param through the view, function or trigger that `other` was recorded for; null: a part of the statement itself */
  absorb(other: Recorder, through: string | null): void {
    for (const effect of other.#effects) this.#effects.add(effect)
    if (other.#gaps.callsMissing) this.#effects.add('unknown')
    this.#relations.absorb(other.#relations, through)
    this.#columns.absorb(other.#columns)
    this.#routines.absorb(other.#routines)
    this.#reach.absorb(other.#reach)
    this.#gaps.absorb(other.#gaps)
    for (const [oid, hash] of other.#definitions) this.#definitions.set(oid, hash)
    for (const source of other.#computed) this.#computed.add(source)
    this.#locks.absorb(other.#locks)
    this.carries.absorb(other.carries)
    for (const flag of ofWrites) if (other.#flags.has(flag)) this.#flags.add(flag)
  }

  /** What a statement names that is only planned: it is read by, and nothing in it is run but what planning runs. */
  absorbPlanned(planned: Recorder): void {
    for (const effect of ['external', 'unknown'] as const) if (planned.#effects.has(effect)) this.#effects.add(effect)
    this.#relations.absorbPlanned(planned.#relations)
    this.#locks.absorbPlanned(planned.#locks)
    for (const lock of planned.#relations.writeLocks()) this.#locks.add(lock)
    this.#columns.absorbPlanned(planned.#columns)
    this.#routines.absorb(planned.#routines)
    this.#reach.absorbPlanned(planned.#reach)
    this.#gaps.absorbOwn(planned.#gaps)
    for (const [oid, hash] of planned.#definitions) this.#definitions.set(oid, hash)
    for (const source of planned.#computed) this.#computed.add(source)
  }

  /** @param node the statement; null for what is none */
  facts(about: About, node: Node | null): Facts {
    return {
      ...this.factsFound(about, node),
      effects: effects.filter((effect) => this.hasEffect(effect)),
      unresolved: this.#gaps.all(),
    }
  }

  /** The facts, had everything that is missing been found. */
  factsFound(about: About, node: Node | null): Facts {
    const relations = this.#relations.facts()
    return {
      ...about,
      effects: effects.filter((effect) => this.#effects.has(effect)),
      relations,
      columns: this.#columns.facts(this.carries.computesBlindly),
      functions: this.#routines.facts(),
      ...this.#reach.facts(),
      locks: locksOf({ node, relations, asked: this.#locks }),
      flags: [...this.#flags],
      unresolved: [],
    }
  }
}

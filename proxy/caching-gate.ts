import { GenerationalCache } from '../generational-cache.ts'
import type { Policy } from '../policies/evaluate.ts'
import type { Facts } from '../policies/input.ts'
import { Analyses, attempt, type Dependency, isMemorable, type Known, stillHold, weightOf } from './analyses.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { CatalogSnapshot } from './catalog/snapshot.ts'
import type { BoundParameters, Gate, GateOptions, Judgement, SessionView } from './gate.ts'
import { canGoOn, isRead, LOCKED_WAITS_MS } from './going-on.ts'
import { inSlices } from './in-slices.ts'
import { type Judging, judgementOf } from './judgement.ts'
import { isNumberBlind, JudgementShape } from './judgement-shape.ts'
import { type JudgingContext, JudgingContexts } from './judging-context.ts'
import { type RefusalId, refused, refusedForALock } from './refusal.ts'
import { SecondSight } from './second-sight.ts'
import type { Analysis } from './sql/analyse.ts'
import { LargeTextError } from './sql/errors.ts'
import { isMissingName } from './sql/native-error.ts'
import { withoutNumbers } from './sql/numbers.ts'
import { statementDigest } from './statement-digest.ts'
import { statementShape } from './statement-shape.ts'

/**
 * Text → analysis → policy input → decision, with a cache for each arrow and each keyed by all that the arrow depends on:
 *
 *   analysis    the text, the snapshot of the catalog, role, search path, temporary relations
 *   judgement   the same, the policy, and what it is shown of the session; of the text, whole numbers only where one of
 *               them could matter (sql/numbers.ts)
 *   decision    the policy input itself (in policies/evaluate.ts)
 *
 * Prepared statements and cursors belong to one session, so an entry that asked for some holds only while they are the
 * same. Nothing else is remembered, nothing is forgotten by time, and what a short text was found to be is remembered
 * from its second time on (second-sight.ts).
 */
export class CachingGate implements Gate {
  readonly #options: GateOptions
  readonly #contexts = new JudgingContexts()
  readonly #analyses: Analyses
  readonly #shapes: GenerationalCache<string, JudgementShape>
  readonly #judgements: GenerationalCache<string, Known<Judgement>>
  readonly #seen = new SecondSight()
  /** By their facts, which texts that are judged alike share. */
  readonly #origins = new WeakMap<Facts, { analysis: Analysis; dependencies: readonly Dependency[] }>()

  constructor(options: GateOptions) {
    this.#options = options
    const third = (options.cacheBytesMax ?? 96 * 1024 * 1024) / 3
    this.#analyses = new Analyses(third)
    this.#shapes = new GenerationalCache(third)
    this.#judgements = new GenerationalCache(third)
  }

  judge(text: string, session: SessionView): readonly Judgement[] | Promise<readonly Judgement[]> {
    const catalog = this.#options.catalogs.get(session.target.name)
    // Definitions changed and are being read: what they were is not judged by.
    if ((catalog?.pending ?? null) !== null) return this.#judgeAfter(text, session)
    const judged = this.#judgeNow(text, session, catalog)
    return judged instanceof Promise
      ? judged.then((late) => this.#afterALook(late, text, session))
      : this.#afterALook(judged, text, session)
  }

  async digest(judgement: Judgement, parameters: BoundParameters, session: SessionView): Promise<string> {
    const origin = this.#origins.get(judgement.facts)
    if (origin === undefined) throw new TypeError('only a judgement of this gate has a digest')
    return statementDigest({
      text: judgement.text,
      dependencies: origin.dependencies,
      parameters,
      target: session.target.name,
      role: session.role,
      searchPath: session.searchPath,
      definitions: origin.analysis.definitions,
    })
  }

  shape(judgement: Judgement, session: SessionView): string | null {
    const origin = this.#origins.get(judgement.facts)
    if (origin === undefined || origin.dependencies.length > 0) return null
    return statementShape(judgement, origin.analysis.definitions, session)
  }

  stands({ footing }: Judgement, session: SessionView, since?: 'now'): boolean | Promise<boolean> {
    if (footing === null || footing === undefined) return true
    const catalog = this.#options.catalogs.get(session.target.name)
    if (since !== 'now' && catalog?.isRecent?.(footing) === true) return true
    return catalog?.unchanged?.(footing).catch(() => false) ?? false
  }

  trusts({ footing }: Judgement, session: SessionView): boolean {
    if (footing === null || footing === undefined) return true
    return this.#options.catalogs.get(session.target.name)?.trusts?.(footing) === true
  }

  async #judgeAfter(text: string, session: SessionView): Promise<readonly Judgement[]> {
    const catalog = this.#options.catalogs.get(session.target.name)
    for (const waitMs of LOCKED_WAITS_MS) {
      if (await isRead(catalog, waitMs)) return this.judge(text, session)
      const snapshot = attempt(() => catalog?.snapshot ?? null)
      const judged = await this.#judgeNow(text, session, catalog)
      if (await canGoOn(judged, catalog, snapshot)) return judged
    }
    return [refusedForALock(text, '')]
  }

  /** What is missing may have been made elsewhere a moment ago. */
  #afterALook(
    judgements: readonly Judgement[],
    text: string,
    session: SessionView,
  ): readonly Judgement[] | Promise<readonly Judgement[]> {
    const catalog = this.#options.catalogs.get(session.target.name)
    const look = judgements.some(({ nativeError }) => isMissingName(nativeError)) ? (catalog?.look?.() ?? null) : null
    return look === null ? judgements : this.#judgeAgain(look, text, session)
  }

  async #judgeAgain(look: Promise<void>, text: string, session: SessionView): Promise<readonly Judgement[]> {
    await look.catch(() => undefined)
    const catalog = this.#options.catalogs.get(session.target.name)
    if ((catalog?.pending ?? null) !== null) return this.#judgeAfter(text, session)
    return this.#judgeNow(text, session, catalog)
  }

  #judgeNow(
    text: string,
    session: SessionView,
    catalog: Pick<Catalog, 'snapshot'> | undefined,
  ): readonly Judgement[] | Promise<readonly Judgement[]> {
    const grounds = this.#grounds(text, session, catalog)
    if ('refused' in grounds) return [grounds.refused]
    const { policy, snapshot, context } = grounds
    const key = isMemorable(text) ? `${context.id} ${text}` : null
    const known = key === null ? undefined : this.#judgements.get(key)
    if (known !== undefined && stillHold(known.dependencies, session)) return known.value
    const numberless = withoutNumbers(text)
    const shapeKey = `${context.id} ${numberless?.shape}`
    const alike = numberless === null ? undefined : this.#shapes.get(shapeKey)
    // Not remembered by its text: it costs less to make than to keep, and numbers are seldom the same again.
    if (alike !== undefined) return [alike.withNumbersOf(text)]
    const keeps = this.#seen.isSecond(numberless?.shape ?? text)
    const analysed = attempt(() => ({ known: this.#analyses.of(text, { session, snapshot, context, keeps }) }))
    if (analysed === null) return [refused(text, 'gate.analysis_failed', policy.digest)]
    if (analysed.known === null) return this.#judgeElsewhere(text, session)
    const { dependencies } = analysed.known
    const value = analysed.known.value.map((analysis) =>
      this.#judgement(analysis, { dependencies, session, policy, snapshot }),
    )
    if (!keeps) return value
    if (key !== null) this.#judgements.set(key, { value, dependencies }, weightOf(text, value))
    if (numberless !== null && dependencies.length === 0 && isNumberBlind(analysed.known.value, numberless)) {
      this.#shapes.set(shapeKey, new JudgementShape(text, value[0] as Judgement), weightOf(text, value))
    }
    return value
  }

  #grounds(text: string, session: SessionView, catalog: Pick<Catalog, 'snapshot'> | undefined): Grounds {
    const policy = attempt(this.#options.policy)
    if (policy === null) return { refused: refused(text, 'gate.policy_unavailable', '') }
    const snapshot = attempt(() => catalog?.snapshot ?? null)
    if (snapshot === null) return { refused: refused(text, 'gate.catalog_unavailable', policy.digest) }
    return { policy, snapshot, context: this.#contexts.of(session, snapshot, policy) }
  }

  /** Read in another thread. What it was read and decided by must still be so when that is done, or it is done again. */
  async #judgeElsewhere(text: string, session: SessionView): Promise<readonly Judgement[]> {
    const catalog = this.#options.catalogs.get(session.target.name)
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      if (!(await isRead(catalog))) return [refusedForALock(text, '')]
      const grounds = this.#grounds(text, session, catalog)
      if ('refused' in grounds) return [grounds.refused]
      const { policy, snapshot, context } = grounds
      const analysed = await this.#analyses
        .elsewhere(text, { session, snapshot, context, keeps: true })
        .catch(refusalOf)
      if (typeof analysed === 'string') return [refused(text, analysed, policy.digest)]
      const { dependencies } = analysed
      const value = await inSlices(analysed.value, (each) =>
        this.#judgement(each, { dependencies, session, policy, snapshot }),
      )
      const now = this.#grounds(text, session, catalog)
      if ('refused' in now || now.context.id !== context.id || (catalog?.pending ?? null) !== null) continue
      if (!stillHold(dependencies, session)) continue
      if (isMemorable(text))
        this.#judgements.set(`${context.id} ${text}`, { value, dependencies }, weightOf(text, value))
      return value
    }
    return [refused(text, 'gate.catalog_unavailable', '')]
  }

  #judgement(analysis: Analysis, judging: Judging): Judgement {
    const judgement = judgementOf(analysis, judging)
    this.#origins.set(analysis.facts, { analysis, dependencies: judging.dependencies })
    return judgement
  }
}

/** What a text is judged by, besides itself. */
type Grounds =
  | { readonly refused: Judgement }
  | { readonly policy: Policy; readonly snapshot: CatalogSnapshot; readonly context: JudgingContext }

/** Definitions that change more often than a text can be read are not known. */
const ATTEMPTS_MAX = 5

function refusalOf(error: unknown): RefusalId {
  const code = error instanceof LargeTextError ? error.code : 'failed'
  if (code === 'too_long') return 'gate.analysis_too_long'
  return code === 'busy' ? 'gate.analysis_busy' : 'gate.analysis_failed'
}

import { createHash } from 'node:crypto'
import type { Decision, FiredRule, Mask } from '../../../policies/decision.ts'
import type { Facts, Identity } from '../../../policies/input.ts'
import type { CatalogSnapshot } from '../../../proxy/catalog/snapshot.ts'
import type { Gate, Judgement, SessionEffects, SessionView } from '../../../proxy/gate.ts'

/** What a test says about one statement; everything else is harmless and allowed. */
export interface Script {
  readonly outcome?: Decision['outcome']
  readonly onHold?: Decision['onHold']
  readonly answering?: Decision['answering']
  readonly limits?: NonNullable<Decision['limits']>
  readonly unenforced?: NonNullable<Decision['unenforced']>
  readonly facts?: Partial<Facts>
  readonly effects?: Partial<SessionEffects>
  readonly definitions?: NonNullable<Judgement['definitions']>
  readonly outputs?: Judgement['outputs']
  readonly outputMasks?: readonly (Mask | null)[] | null
  readonly masks?: readonly Mask[]
  readonly scrub?: boolean
  readonly nativeError?: NonNullable<Judgement['nativeError']>
  /** It rests on definitions that may be replaced meanwhile. */
  readonly rests?: true
}

/** A gate that decides by what a test wrote about a text, by its beginning or a pattern; and remembers what it saw. */
export class ScriptedGate implements Gate {
  readonly judged: { readonly text: string; readonly view: SessionView }[] = []
  readonly #scripts: { readonly pattern: RegExp; readonly script: Script }[] = []
  readonly #known = new Map<string, readonly Judgement[]>()
  /** Judgements become promises. */
  slow = false
  /** What judging a text waits for. */
  before: ((text: string) => Promise<void> | null) | null = null

  say(pattern: RegExp, script: Script): void {
    this.#known.clear()
    this.#scripts.unshift({ pattern, script })
  }

  judge(text: string, view: SessionView): readonly Judgement[] | Promise<readonly Judgement[]> {
    const { searchPath, role, temporaryRelations } = view
    this.judged.push({ text, view: { ...view, searchPath, role, temporaryRelations } })
    const named = this.#named(text, view)
    if (named !== null) return named
    let judgements = this.#known.get(text)
    if (judgements === undefined) {
      judgements = statements(text).map((statement) => this.#judgement(statement))
      this.#known.set(text, judgements)
    }
    const found = judgements
    const waits = this.before?.(text) ?? null
    if (waits !== null) return waits.then(() => found)
    return this.slow ? new Promise((resolve) => setImmediate(() => resolve(found))) : found
  }

  /** Which texts it was asked about. */
  readonly asked: string[] = []
  /** Of what rests on something: whether that is as it was, the n-th time it is asked for this text. */
  unchanged: (text: string, time: number) => boolean = () => true
  trusting = false

  stands({ text, footing = null }: Judgement): boolean | Promise<boolean> {
    if (footing === null) return true
    this.asked.push(text)
    return Promise.resolve(this.unchanged(text, this.asked.filter((asked) => asked === text).length))
  }

  trusts(): boolean {
    return this.trusting
  }

  async digest(judgement: Judgement, parameters: { readonly values: readonly (Buffer | null)[] }): Promise<string> {
    const values = parameters.values.map((value) => value?.toString('hex') ?? null)
    return createHash('sha256')
      .update(JSON.stringify([judgement.text, values]))
      .digest('hex')
  }

  shape(): string | null {
    return null
  }

  /** EXECUTE and FETCH are what is behind the name, and denied where there is nothing. */
  #named(text: string, view: SessionView): readonly Judgement[] | null {
    const [, verb, name = ''] = /^(EXECUTE|FETCH) (\w+)$/.exec(text) ?? []
    if (verb === undefined) return null
    const behind = verb === 'EXECUTE' ? view.preparedStatement(name)?.text : view.cursor(name)?.text
    const script = this.#scripts.find(({ pattern }) => behind !== undefined && pattern.test(behind))?.script ?? {}
    return [judgementOf(text, behind === undefined ? { outcome: 'deny' } : script)]
  }

  #judgement(text: string): Judgement {
    const said = this.#scripts.find(({ pattern }) => pattern.test(text))?.script ?? {}
    return judgementOf(text, said)
  }
}

function statements(text: string): readonly string[] {
  return text
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

const harmless: SessionEffects = {
  prepares: null,
  deallocates: null,
  declares: null,
  closes: null,
  createsTemporary: [],
  dropsTemporary: [],
  barrier: false,
  changesCatalog: false,
}

export function judgementOf(text: string, script: Script): Judgement {
  const outcome = script.outcome ?? 'allow'
  const rule: FiredRule = { id: `test.${outcome}`, title: outcome, reason: `The test says ${outcome}.`, outcome }
  return {
    text,
    redactedText: text,
    facts: { ...factsOf(text), ...script.facts },
    decision: {
      outcome,
      rules: [rule],
      masks: script.masks ?? [],
      reviewers: outcome === 'hold' ? [{ group: 'dba', count: 1 }] : [],
      expiryMs: outcome === 'hold' ? 60_000 : null,
      grantMs: outcome === 'hold' ? 60_000 : null,
      onHold: script.onHold ?? null,
      ...(script.limits === undefined ? {} : { limits: script.limits }),
      ...(script.unenforced === undefined ? {} : { unenforced: script.unenforced }),
      ...(script.answering === undefined ? {} : { answering: script.answering }),
    },
    policyDigest: 'a'.repeat(64),
    outputs: script.outputs ?? null,
    outputMasks: script.outputMasks ?? null,
    scrub: script.scrub ?? false,
    effects: { ...harmless, ...script.effects },
    definitions: script.definitions ?? [],
    nativeError: script.nativeError ?? null,
    footing: script.rests === true ? { ...resting } : null,
  }
}

const none: ReadonlySet<never> = new Set()
const resting: NonNullable<Judgement['footing']> = {
  isPlain: true,
  snapshot: {} as CatalogSnapshot,
  relations: none,
  relationNames: none,
  routines: none,
  routineNames: none,
  domains: none,
}

/** Enough of the truth about common statements for a session to go by. */
function factsOf(text: string): Facts {
  const word = text.trim().split(/\s+/)[0]?.toLowerCase() ?? ''
  const transaction = ['begin', 'commit', 'rollback', 'savepoint', 'release', 'start', 'end'].includes(word)
  const copyFrom = word === 'copy' && /\bfrom\s+stdin\b/i.test(text)
  return {
    kind: transaction ? 'transaction' : word,
    tag: word.toUpperCase(),
    effects: [transaction ? 'transaction' : 'read'],
    relations: [],
    columns: [],
    functions: [],
    roles: [],
    settings: [],
    external: [],
    locks: [],
    flags: copyFrom ? ['copy_from'] : [],
    unresolved: [],
    fingerprint: word,
  }
}

export const ana: Identity = {
  issuer: 'https://issuer.test',
  subject: 'ana',
  name: 'ana',
  groups: ['engineers'],
  kind: 'human',
  actsFor: null,
  provenBy: 'oidc',
  expiresAt: '2099-01-01T00:00:00.000Z',
}

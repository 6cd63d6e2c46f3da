import type { Decision } from '../policies/decision.ts'
import type { Policy } from '../policies/evaluate.ts'
import type { Facts, Identity, SessionInput, Target } from '../policies/input.ts'
import { CachingGate } from './caching-gate.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { Footing } from './catalog/confirmations.ts'
import type { CarriedAtCreation, Carry, Temporaries, ViewAtCreation } from './catalog/temporaries.ts'
import type { OutputMask } from './output-masks.ts'
import type { DefinitionChange } from './sql/definition-change.ts'
import type { NativeError } from './sql/native-error.ts'

/**
 * The one place where a statement is judged. Every door calls it and nothing else decides.
 */

/** A relation or function that is not the server's own, and the SHA-256 (hex) of all that makes it what it is. */
export interface Definition {
  readonly oid: number
  readonly hash: string
}

/**
 * What a session keeps under a name. The server may run what the names in it meant when it was made, so it stands for its
 * text only while that leads to what it led to then.
 */
export interface Remembered {
  readonly text: string
  readonly ledTo: readonly Definition[]
}

/** What a session knows about itself that changes what a statement means. The session owns it and keeps it true. */
export interface SessionView {
  readonly identity: Identity
  readonly target: Target
  readonly door: SessionInput['door']
  readonly application: string
  readonly transaction: SessionInput['transaction']
  readonly role: string
  /** The setting as the server reports it (`"$user", public`), or null when it is not known: then nothing resolves. */
  readonly searchPath: string | null
  /** Temporary relations this session has made and not dropped. */
  readonly temporaryRelations: ReadonlySet<string>
  /** What is known of them. */
  readonly temporaries?: Temporaries
  /** The `changes` of all that completed in the open transaction. */
  readonly uncommitted?: readonly DefinitionChange[]
  /** What is behind a prepared statement, SQL-level or protocol-level alike: one namespace. */
  preparedStatement(name: string): Remembered | undefined
  /** What is behind a cursor or portal: one namespace. */
  cursor(name: string): Remembered | undefined
}

/** What PREPARE and DECLARE leave. */
export interface Named extends Remembered {
  readonly name: string
}

/** What running the statement does to the session; applied by the session when the server says it completed. */
export interface SessionEffects {
  readonly prepares: Named | null
  readonly deallocates: string | 'all' | null
  readonly declares: Named | null
  readonly closes: string | 'all' | null
  readonly createsTemporary: readonly string[]
  readonly dropsTemporary: readonly string[]
  /** May change what names mean (DDL, settings, opaque functions): the next statement is judged only after this one. */
  readonly barrier: boolean
  /** Changes definitions: the catalog reloads when it completed. */
  readonly changesCatalog: boolean
  /** What it puts into temporary relations that are known for what they are. */
  readonly carries?: readonly Carry[]
  /** Of `dropsTemporary`: if it runs, these are gone, and nothing rests on them. */
  readonly dropsSurely?: readonly string[]
  /** What it puts into the one that it makes, or the query of the view. */
  readonly created?: CarriedAtCreation | ViewAtCreation | null
  /** What it changes about names until the transaction ends and the catalog is read again. */
  readonly changes?: readonly DefinitionChange[]
}

/** Where one output column comes from. */
export interface OutputColumn {
  readonly name: string
  /** Base columns that feed it, by catalog identity. Empty and `exact` false: a constant or clean expression. */
  readonly sources: readonly {
    readonly relationOid: number
    readonly attribute: number
    readonly schema: string
    readonly relation: string
    readonly column: string
    readonly labels: readonly string[]
  }[]
  /** The value is the source's value, unchanged. */
  readonly exact: boolean
}

/** One statement, judged. Immutable, and shared between sessions whose policy input is the same. */
export interface Judgement {
  /** The statement's own text, cut from the message. */
  readonly text: string
  /** The same without the secrets that SQL can hold; the only form that is stored, shown or sent. */
  readonly redactedText: string
  readonly facts: Facts
  readonly decision: Decision
  /** SHA-256 of the release that decided, hex. */
  readonly policyDigest: string
  /** The statement returns rows whose columns these are; null: it returns none, or they are not known. */
  readonly outputs: readonly OutputColumn[] | null
  /** One entry per output column: how it is masked, or null for clear. null: nothing in this statement is masked. */
  readonly outputMasks: readonly (OutputMask | null)[] | null
  /** Error and notice text is scrubbed: the statement touches labelled columns that this identity sees masked. */
  readonly scrub: boolean
  readonly effects: SessionEffects
  /** Denied for nothing but what the server refuses as well, and what it says then. For the client only. */
  readonly nativeError?: NativeError | null
  /** What it rests on that may be replaced meanwhile; null or absent: no definitions. See `stands`. */
  readonly footing?: Footing | null
  /** All that it leads to; absent: nothing. */
  readonly definitions?: readonly Definition[]
}

export interface Gate {
  /**
   * Judges the text of one Query or Parse. A text of several statements gives one judgement each, in order; an empty
   * text gives none. Never rejects for anything the client sent: what cannot be read is a judgement of `deny`.
   * Returns without a promise when everything needed is in memory, so that the hot path never yields.
   */
  judge(text: string, session: SessionView): readonly Judgement[] | Promise<readonly Judgement[]>

  /**
   * Whether the definitions that a judgement rests on are still those it was made by, as the server has them now. When
   * not, they have been read anew, and whoever asks has to judge again. Never rejects: what nobody can say is false.
   * Without a promise where it was asked a moment ago and that will do; `now`: where it will not.
   */
  stands(judgement: Judgement, session: SessionView, since?: 'now'): boolean | Promise<boolean>

  /**
   * Nothing that it rests on is taken for another within the time of a write: nothing can be, or it is plain tables, and
   * the target trusts those for longer than that.
   */
  trusts(judgement: Judgement, session: SessionView): boolean

  /**
   * SHA-256 (hex) over everything that fixes what would run: exact text, parameters and formats, target, role, search
   * path, and definitions (OID and hash) of the relations and functions named.
   */
  digest(judgement: Judgement, parameters: BoundParameters, session: SessionView): Promise<string>

  /** What it has in common with statements that differ in constants only; null: nothing (statement-shape.ts). */
  shape(judgement: Judgement, session: SessionView): string | null
}

export interface BoundParameters {
  readonly types: readonly number[]
  readonly formats: readonly number[]
  readonly values: readonly (Buffer | null)[]
}

/** What the gate needs of a catalog; without `look`, a name that is missing is missing until the next reload. */
export type JudgedCatalog = Pick<Catalog, 'snapshot' | 'pending'> &
  Partial<Pick<Catalog, 'look' | 'unchanged' | 'isRecent' | 'trusts' | 'whenRead' | 'stillSo'>>

export interface GateOptions {
  /** By target name. */
  readonly catalogs: ReadonlyMap<string, JudgedCatalog>
  /** The policy in force now. @throws when there is none */
  readonly policy: () => Policy
  /** What the caches may hold, about. */
  readonly cacheBytesMax?: number
}

export function createGate(options: GateOptions): Gate {
  return new CachingGate(options)
}

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type pg from 'pg'
import type { Identity, Principal, Scope } from '../../policies/input.ts'
import type { PersonKey } from '../holds/identity-key.ts'
import { rowsOf } from '../state/transaction.ts'
import { findPerson } from './directory.ts'
import { DirectoryError } from './errors.ts'

/**
 * Passwords of services and agents that no identity provider gives tokens to.
 *
 *   hp_0123456789abcdef_<43 characters of base64url: 32 random bytes>
 *      id, not a secret  secret, kept only as its SHA-256
 *
 * The issuer of such an identity is Holdpoint and its subject is the name: two tokens of one name, as while one is
 * being replaced, are the same service.
 */
export const SERVICE_ISSUER = 'holdpoint'
const FORM = /^hp_([0-9a-f]{16})_([\w-]{43})$/
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/

export interface ServiceTokenRequest {
  readonly name: string
  readonly kind: 'service' | 'agent'
  readonly groups: readonly string[]
  /** For an agent, the person it acts for, who must be in the directory. */
  readonly actsFor: PersonKey | null
  readonly expiresAt: Date
  /** What it is for; empty: all that its bearer may do. */
  readonly scopes: readonly Scope[]
}

export interface ServiceToken extends ServiceTokenRequest {
  readonly id: string
  readonly createdAt: Date
  readonly revokedAt: Date | null
}

export interface ServiceTokens {
  /**
   * @returns the token itself, which cannot be shown again
   * @throws DirectoryError bad_name, bad_expiry, unknown_person
   */
  create(request: ServiceTokenRequest): Promise<{ readonly id: string; readonly token: string }>
  /** Who shows this token; null when it is unknown, revoked, expired, or its person is gone. */
  verify(token: string): Promise<Identity | null>
  /** @returns false when there is no such token or it was revoked before */
  revoke(id: string): Promise<boolean>
  list(): Promise<readonly ServiceToken[]>
}

interface TokenRow {
  readonly id: string
  readonly hash: Buffer
  readonly name: string
  readonly kind: 'service' | 'agent'
  readonly groups: string[]
  readonly acts_for_issuer: string | null
  readonly acts_for_subject: string | null
  readonly created_at: Date
  readonly expires_at: Date
  readonly revoked_at: Date | null
  readonly scopes: Scope[]
}

export function createServiceTokens(pool: pg.Pool, now: () => number = Date.now): ServiceTokens {
  return {
    async create(request) {
      await refuseBadRequest(pool, request, now())
      const id = randomBytes(8).toString('hex')
      const secret = randomBytes(32).toString('base64url')
      const { name, kind, groups, actsFor, expiresAt, scopes } = request
      await rowsOf(
        pool,
        `INSERT INTO service_token
           (id, hash, name, kind, groups, acts_for_issuer, acts_for_subject, created_at, expires_at, scopes)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [id, hashOf(secret), name, kind, groups, actsFor?.issuer, actsFor?.subject, new Date(now()), expiresAt, scopes],
      )
      return { id, token: `hp_${id}_${secret}` }
    },

    async verify(token) {
      const [, id, secret] = FORM.exec(token) ?? []
      if (id === undefined || secret === undefined) return null
      const [row] = await rowsOf<TokenRow>(pool, 'SELECT * FROM service_token WHERE id = $1', [id])
      // Compared even when there is no row, so that an id cannot be told from a wrong secret by the clock.
      const matches = timingSafeEqual(hashOf(secret), row?.hash ?? Buffer.alloc(32))
      if (row === undefined || !matches || row.revoked_at !== null || row.expires_at.getTime() <= now()) return null
      return identityOf(pool, row)
    },

    async revoke(id) {
      const rows = await rowsOf(
        pool,
        'UPDATE service_token SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id',
        [id, new Date(now())],
      )
      return rows.length === 1
    },

    async list() {
      return (await rowsOf<TokenRow>(pool, 'SELECT * FROM service_token ORDER BY created_at, id')).map(toToken)
    },
  }
}

async function refuseBadRequest(pool: pg.Pool, { name, kind, actsFor, expiresAt }: ServiceTokenRequest, now: number) {
  if (!NAME.test(name)) {
    throw new DirectoryError('bad_name', 'A name is up to 63 of a-z, 0-9, dot, dash and underscore, a letter first')
  }
  if (!(expiresAt.getTime() > now)) throw new DirectoryError('bad_expiry', 'A token must expire in the future')
  if (actsFor === null) return
  if (kind !== 'agent') throw new DirectoryError('not_an_agent', 'Only an agent acts for somebody')
  const person = await findPerson(pool, actsFor)
  if (person?.kind !== 'human' || !person.active) {
    throw new DirectoryError('unknown_person', 'The person it acts for is not in the directory', {
      hint: 'They have to sign in once',
    })
  }
}

/** The person's groups are those of now; without an active person there is no agent. */
async function identityOf(pool: pg.Pool, row: TokenRow): Promise<Identity | null> {
  const known = await findPerson(pool, { issuer: SERVICE_ISSUER, subject: row.name })
  if (known?.active === false) return null
  const person = actsForOf(row)
  const actsFor = person === null ? null : await activePrincipal(pool, person)
  if (person !== null && actsFor === null) return null
  return {
    issuer: SERVICE_ISSUER,
    subject: row.name,
    name: row.name,
    groups: row.groups,
    kind: row.kind,
    actsFor,
    provenBy: 'service_token',
    expiresAt: row.expires_at.toISOString(),
    ...(row.scopes.length === 0 ? {} : { scopes: row.scopes }),
  }
}

async function activePrincipal(pool: pg.Pool, key: PersonKey): Promise<Principal | null> {
  const person = await findPerson(pool, key)
  if (person === null || !person.active) return null
  return { issuer: person.issuer, subject: person.subject, name: person.name, groups: [...person.groups] }
}

function actsForOf({ acts_for_issuer, acts_for_subject }: TokenRow): PersonKey | null {
  if (acts_for_issuer === null || acts_for_subject === null) return null
  return { issuer: acts_for_issuer, subject: acts_for_subject }
}

function toToken(row: TokenRow): ServiceToken {
  const { id, name, kind, groups, scopes } = row
  const times = { createdAt: row.created_at, expiresAt: row.expires_at, revokedAt: row.revoked_at }
  return { id, name, kind, groups, scopes, actsFor: actsForOf(row), ...times }
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

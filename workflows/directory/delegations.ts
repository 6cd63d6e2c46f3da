import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { type PersonKey, samePerson } from '../holds/identity-key.ts'
import { writeTrail } from '../outbox/outbox.ts'
import { inTransaction, type Queryable, rowsOf } from '../state/transaction.ts'
import { findPerson, type Person } from './directory.ts'
import { DirectoryError } from './errors.ts'

/** For a while, `to` may answer holds in the place of `from`, by groups that the policy lets them. */
export interface Delegation {
  readonly id: string
  readonly from: PersonKey & { readonly name: string }
  readonly to: PersonKey & { readonly name: string }
  readonly startsAt: string
  readonly endsAt: string
}

export interface Delegations {
  /** Made by who is away. Throws DirectoryError: unknown_person, bad_delegation. */
  delegate(delegation: {
    readonly from: PersonKey
    readonly to: PersonKey
    readonly startsAt: Date
    readonly endsAt: Date
  }): Promise<Delegation>
  /** Of this person, given and taken on, that are in force or will be. */
  list(person: PersonKey): Promise<readonly Delegation[]>
  /** By who gave it or has it. Throws DirectoryError: unknown_delegation. */
  revoke(id: string, by: PersonKey): Promise<void>
}

const DAYS_MAX = 92

const SELECT = `
  SELECT d.id, d.from_issuer, d.from_subject, f.name AS from_name, d.to_issuer, d.to_subject, t.name AS to_name,
    d.starts_at, d.ends_at
  FROM delegation d
  JOIN person f ON (f.issuer, f.subject) = (d.from_issuer, d.from_subject)
  JOIN person t ON (t.issuer, t.subject) = (d.to_issuer, d.to_subject)`

interface DelegationRow {
  readonly id: string
  readonly from_issuer: string
  readonly from_subject: string
  readonly from_name: string
  readonly to_issuer: string
  readonly to_subject: string
  readonly to_name: string
  readonly starts_at: Date
  readonly ends_at: Date
}

export function createDelegations(pool: pg.Pool, now: () => number): Delegations {
  /** What is refused is rolled back, and on record. */
  async function trying<T>(by: PersonKey, act: (client: Queryable) => Promise<T>): Promise<T> {
    try {
      return await inTransaction(pool, act)
    } catch (err) {
      if (err instanceof DirectoryError)
        await recordRefusedDelegation(pool, new Date(now()), `${by.issuer} ${by.subject}`, err.code)
      throw err
    }
  }

  return {
    delegate({ from, to, startsAt, endsAt }) {
      return trying(from, async (client) => {
        const at = new Date(now())
        checkTimes(startsAt, endsAt, at)
        if (samePerson(from, to)) throw new DirectoryError('bad_delegation', 'Nobody answers for themselves')
        await personWhoAnswers(client, from)
        await personWhoAnswers(client, to)
        const id = `delegation_${randomBytes(12).toString('base64url')}`
        await rowsOf(
          client,
          `INSERT INTO delegation (id, from_issuer, from_subject, to_issuer, to_subject, starts_at, ends_at, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
          [id, from.issuer, from.subject, to.issuer, to.subject, startsAt, endsAt, at],
        )
        const until = { startsAt: startsAt.toISOString(), endsAt: endsAt.toISOString() }
        await writeTrail(client, at, 'delegation.created', { delegation: id, from: key(from), to: key(to), ...until })
        const [row] = await rowsOf<DelegationRow>(client, `${SELECT} WHERE d.id = $1`, [id])
        return toDelegation(row as DelegationRow)
      })
    },
    async list({ issuer, subject }) {
      const rows = await rowsOf<DelegationRow>(
        pool,
        `${SELECT} WHERE d.revoked_at IS NULL AND d.ends_at > $3 AND ($1, $2) IN
           ((d.from_issuer, d.from_subject), (d.to_issuer, d.to_subject)) ORDER BY d.starts_at, d.id`,
        [issuer, subject, new Date(now())],
      )
      return rows.map(toDelegation)
    },
    revoke(id, by) {
      return trying(by, async (client) => {
        const at = new Date(now())
        const rows = await rowsOf(
          client,
          `UPDATE delegation SET revoked_at = $4 WHERE id = $1 AND revoked_at IS NULL
             AND ($2, $3) IN ((from_issuer, from_subject), (to_issuer, to_subject)) RETURNING id`,
          [id, by.issuer, by.subject, at],
        )
        if (rows.length === 0) throw new DirectoryError('unknown_delegation', 'There is no such delegation of yours')
        await writeTrail(client, at, 'delegation.revoked', { delegation: id, by: key(by) })
      })
    },
  }
}

/** For whom this person may answer at this moment: people who are active themselves. */
export async function awayFor(on: Queryable, { issuer, subject }: PersonKey, at: Date): Promise<readonly Person[]> {
  const rows = await rowsOf<{ from_issuer: string; from_subject: string }>(
    on,
    `SELECT from_issuer, from_subject FROM delegation
     WHERE to_issuer = $1 AND to_subject = $2 AND revoked_at IS NULL AND starts_at <= $3 AND ends_at > $3
     ORDER BY created_at, id`,
    [issuer, subject, at],
  )
  const people: Person[] = []
  for (const { from_issuer, from_subject } of rows) {
    const person = await findPerson(on, { issuer: from_issuer, subject: from_subject })
    if (person?.active === true && person.kind === 'human') people.push(person)
  }
  return people
}

/** @param by as the directory knows them, or as Slack names somebody who is nobody to us */
export function recordRefusedDelegation(on: Queryable, at: Date, by: string, reason: string): Promise<void> {
  return writeTrail(on, at, 'delegation.refused', { by, reason })
}

function checkTimes(startsAt: Date, endsAt: Date, at: Date): void {
  if (!(endsAt > startsAt) || endsAt <= at)
    throw new DirectoryError('bad_delegation', 'It has to end after it begins, and not in the past')
  if (endsAt.getTime() - startsAt.getTime() > DAYS_MAX * 24 * 60 * 60_000)
    throw new DirectoryError('bad_delegation', `It can last ${DAYS_MAX} days at most`)
}

async function personWhoAnswers(client: Queryable, who: PersonKey): Promise<void> {
  const person = await findPerson(client, who)
  if (person?.active === true && person.kind === 'human') return
  throw new DirectoryError('unknown_person', 'Only active people can answer for each other, and this is none', {
    hint: 'Whoever has never signed in is not known yet',
  })
}

function key({ issuer, subject }: PersonKey): PersonKey {
  return { issuer, subject }
}

function toDelegation(row: DelegationRow): Delegation {
  return {
    id: row.id,
    from: { issuer: row.from_issuer, subject: row.from_subject, name: row.from_name },
    to: { issuer: row.to_issuer, subject: row.to_subject, name: row.to_name },
    startsAt: row.starts_at.toISOString(),
    endsAt: row.ends_at.toISOString(),
  }
}

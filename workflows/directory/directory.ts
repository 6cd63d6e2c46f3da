import type pg from 'pg'
import type { PersonKey } from '../holds/identity-key.ts'
import { type Queryable, rowsOf } from '../state/transaction.ts'

/** A person, service or agent as the identity provider last described them. */
export interface Person extends PersonKey {
  readonly name: string
  readonly email: string | null
  readonly kind: 'human' | 'service' | 'agent'
  readonly groups: readonly string[]
  readonly active: boolean
  /** The person who answers for an agent or a service, where one is known. */
  readonly owner: PersonKey | null
}

/** What a sign-in tells; what it leaves out stays as it was. Whether someone is active is not for their sign-in to say. */
export interface PersonClaims extends PersonKey, Pick<Person, 'name' | 'kind' | 'groups'> {
  readonly email?: string | null
  readonly owner?: PersonKey | null
}

/** Who people are and what groups they are in now; what a vote is judged by. */
export interface Directory {
  person(issuer: string, subject: string): Promise<Person | null>
  /** Adds the person or brings name, kind and groups up to date, and e-mail and owner when they are given. */
  upsert(person: PersonClaims): Promise<void>
  /** Someone who is not active cannot vote, and their tokens and agents do not work. */
  setActive(issuer: string, subject: string, active: boolean): Promise<void>
  linkSlack(link: SlackLink): Promise<void>
  personForSlack(teamId: string, userId: string): Promise<Person | null>
}

export interface SlackLink extends PersonKey {
  readonly teamId: string
  readonly userId: string
}

interface PersonRow {
  readonly issuer: string
  readonly subject: string
  readonly name: string
  readonly email: string | null
  readonly kind: Person['kind']
  readonly groups: readonly string[]
  readonly active: boolean
  readonly owner_issuer: string | null
  readonly owner_subject: string | null
}

const COLUMNS = 'person.issuer, person.subject, name, email, kind, groups, active, owner_issuer, owner_subject' as const

const UPSERT = `
  INSERT INTO person (issuer, subject, name, email, kind, groups, owner_issuer, owner_subject)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT (issuer, subject) DO UPDATE SET
    name = excluded.name, email = coalesce(excluded.email, person.email), kind = excluded.kind, groups = excluded.groups,
    owner_issuer = coalesce(excluded.owner_issuer, person.owner_issuer),
    owner_subject = coalesce(excluded.owner_subject, person.owner_subject),
    updated_at = now()`

export function createDirectory(pool: pg.Pool): Directory {
  return {
    person: (issuer, subject) => findPerson(pool, { issuer, subject }),
    async upsert({ issuer, subject, name, email, kind, groups, owner }) {
      const values = [issuer, subject, name, email ?? null, kind, groups, owner?.issuer ?? null, owner?.subject ?? null]
      await rowsOf(pool, UPSERT, values)
    },
    async setActive(issuer, subject, active) {
      await rowsOf(pool, 'UPDATE person SET active = $3, updated_at = now() WHERE issuer = $1 AND subject = $2', [
        issuer,
        subject,
        active,
      ])
    },
    async linkSlack({ teamId, userId, issuer, subject }) {
      await rowsOf(
        pool,
        `INSERT INTO slack_link (team_id, user_id, issuer, subject) VALUES ($1, $2, $3, $4)
         ON CONFLICT (team_id, user_id) DO UPDATE
         SET issuer = excluded.issuer, subject = excluded.subject, linked_at = now()`,
        [teamId, userId, issuer, subject],
      )
    },
    async personForSlack(teamId, userId) {
      const [row] = await rowsOf<PersonRow>(
        pool,
        `SELECT ${COLUMNS} FROM slack_link JOIN person USING (issuer, subject) WHERE team_id = $1 AND user_id = $2`,
        [teamId, userId],
      )
      return row === undefined ? null : toPerson(row)
    },
  }
}

/** Inside a transaction the row is kept as it was read: who is deactivated meanwhile waits for its end. */
export async function findPerson(
  on: Queryable,
  { issuer, subject }: PersonKey,
  lock: '' | 'FOR SHARE' = '',
): Promise<Person | null> {
  const [row] = await rowsOf<PersonRow>(
    on,
    `SELECT ${COLUMNS} FROM person WHERE issuer = $1 AND subject = $2 ${lock}`,
    [issuer, subject],
  )
  return row === undefined ? null : toPerson(row)
}

function toPerson(row: PersonRow): Person {
  const { issuer, subject, name, email, kind, groups, active, owner_issuer, owner_subject } = row
  const owner =
    owner_issuer === null || owner_subject === null ? null : { issuer: owner_issuer, subject: owner_subject }
  return { issuer, subject, name, email, kind, groups, active, owner }
}

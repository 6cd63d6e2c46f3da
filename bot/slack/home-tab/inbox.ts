import type { Pool } from 'pg'
import { awayFor, createDelegations, type Delegation } from '../../../workflows/directory/delegations.ts'
import { ownedBy } from '../../../workflows/directory/owned.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import type { PersonKey } from '../../../workflows/holds/identity-key.ts'
import { type VisiblePage, visibleHolds } from '../../../workflows/holds/visible-holds.ts'
import { rowsOf } from '../../../workflows/state/transaction.ts'
import { mayReview, whyNotVote } from '../../console/rights.ts'
import type { Viewer } from '../../console/viewer.ts'
import type { AnswerParts } from '../answers/click.ts'
import type { LinkedPerson, SlackUserReference } from '../answers/standing.ts'

/**
 * What concerns one person, read from the records each time. What is theirs to answer or to review is told by the very
 * rules of the console: whose shift it is, who stands in for whom, what has been escalated by now.
 */
export interface Inbox {
  /** They may answer these, and have not; not all of them when there are `more`. */
  readonly waiting: readonly Hold[]
  readonly more: boolean
  /** Run by breaking the glass; they may say what they think of it. */
  readonly toReview: readonly Hold[]
  /** Asked by them or for them, and not approved before somebody has said why. */
  readonly toExplain: readonly Hold[]
  readonly asked: readonly Hold[]
  readonly answered: readonly Hold[]
  /** In force or to come: who answers for them, and for whom they do. */
  readonly delegations: readonly Delegation[]
  readonly privateMessages: boolean
  readonly person: PersonKey
}

const READ_MAX = 100
const RECENT_DAYS = 7
const RECENT_MAX = 10

export async function inboxOf(
  person: LinkedPerson,
  { teamId, userId }: SlackUserReference,
  { holds, pool, now }: Pick<AnswerParts, 'holds' | 'pool' | 'now'>,
): Promise<Inbox> {
  const at = new Date(now())
  const since = new Date(now() - RECENT_DAYS * 24 * 60 * 60_000)
  const viewer = await viewerFor(person, pool, at)
  const theirs = (which: 'to_answer' | 'to_review', only: (hold: Hold) => boolean): Promise<VisiblePage> =>
    visibleHolds(pool, { person: viewer.person, owned: viewer.owned, everything: false, which, only, limit: READ_MAX })
  const read = async (sql: string, ...values: readonly unknown[]): Promise<readonly Hold[]> => {
    const ids = await rowsOf<{ id: string }>(pool, sql, [person.issuer, person.subject, ...values])
    return (await Promise.all(ids.map(({ id }) => holds.find(id)))).filter((hold) => hold !== null)
  }
  const [waiting, toReview, unexplained, asked, answered, delegations, [link]] = await Promise.all([
    theirs('to_answer', (hold) => whyNotVote(hold, viewer) === null),
    theirs('to_review', (hold) => mayReview(hold, viewer)),
    read(OWN_PENDING, RECENT_MAX),
    read(ASKED, since, RECENT_MAX),
    read(ANSWERED, since, RECENT_MAX),
    createDelegations(pool, now).list(person),
    rowsOf<{ private_messages: boolean }>(pool, PREFERENCE, [teamId, userId]),
  ])
  const toExplain = unexplained.filter(({ needsReason }) => needsReason)
  const privateMessages = link?.private_messages ?? false
  return {
    waiting: waiting.holds,
    more: waiting.next !== null,
    toReview: toReview.holds,
    toExplain,
    asked,
    answered,
    delegations,
    privateMessages,
    person,
  }
}

/** Whoever is linked is looked at as when they sign in; nothing here rests on a session. */
async function viewerFor(person: LinkedPerson, pool: Pool, at: Date): Promise<Viewer> {
  const { kind, issuer, subject, name, groups } = person
  const insteadOf = await awayFor(pool, person, at)
  const who = { issuer, subject, name, groups: [...groups] }
  const owned = await ownedBy(pool, [person, ...insteadOf])
  return { kind, person: who, actsFor: null, insteadOf, owned, at, via: 'console', sessionId: null, expiresAt: 0 }
}

/** By themselves, by an agent that acts for them, or by one that is theirs in the directory. */
const THEIRS = `
  (askers && ARRAY[json_build_array($1::text, $2::text)::text]
   OR EXISTS (SELECT FROM person AS agent WHERE agent.owner_issuer = $1 AND agent.owner_subject = $2
     AND askers && ARRAY[json_build_array(agent.issuer, agent.subject)::text]))`

const OWN_PENDING = `
  SELECT id FROM hold WHERE status = 'pending' AND ${THEIRS} ORDER BY created_at DESC, id LIMIT $3`

const ASKED = `
  SELECT id FROM hold WHERE created_at > $3 AND ${THEIRS} ORDER BY created_at DESC, id LIMIT $4`

const ANSWERED = `
  SELECT hold AS id FROM vote WHERE issuer = $1 AND subject = $2 AND at > $3 ORDER BY at DESC LIMIT $4`

const PREFERENCE = 'SELECT private_messages FROM slack_link WHERE team_id = $1 AND user_id = $2'

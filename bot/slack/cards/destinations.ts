import type { Pool } from 'pg'
import type { Config } from '../../../config.ts'
import { overdueGroup } from '../../../policies/answering.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { reviewersAt } from '../../../workflows/holds/reviewers.ts'
import { rowsOf } from '../../../workflows/state/transaction.ts'

/**
 * Where a hold's card belongs: the channel of each group that may answer, or the default channel for groups without one,
 * and the conversations of those who may answer at this moment and asked to be told in private.
 */
export interface Destinations {
  /** A channel as it is configured, or a user's id. */
  of(hold: Hold): Promise<readonly string[]>
  /** Where else it can be shown when no channel takes it: the default channel, then its reviewers one by one. */
  elsewhere(hold: Hold, tried: readonly string[]): Promise<readonly string[]>
}

/** More people than this are not written to one by one; they have a channel, the console and their mail. */
const PEOPLE_MAX = 50

export function createDestinations({
  pool,
  channel,
  channels,
  teamId,
  now,
}: {
  readonly pool: Pool
  readonly channel: string
  readonly channels: Config['slack']['channels']
  readonly teamId: () => Promise<string>
  readonly now: () => number
}): Destinations {
  const reviewers = async (hold: Hold, only: 'who asked for it' | 'all'): Promise<readonly string[]> => {
    const people = await reviewersAt(pool, hold, new Date(now()))
    const rows = await rowsOf<{ user_id: string }>(pool, LINKED, [
      await teamId(),
      people.map(({ issuer }) => issuer),
      people.map(({ subject }) => subject),
      only === 'all',
      PEOPLE_MAX,
    ])
    return rows.map(({ user_id: user }) => user)
  }
  return {
    async of(hold) {
      const places = reviewingGroups(hold).map((group) => channels[group] ?? channel)
      return [...new Set([...places, ...(await reviewers(hold, 'who asked for it'))])]
    },
    async elsewhere(hold, tried) {
      if (!tried.includes(channel)) return [channel]
      return (await reviewers(hold, 'all')).filter((user) => !tried.includes(user))
    },
  }
}

/** Those of the decision, and once it was escalated, or its review is overdue, the one it was escalated to. */
export function reviewingGroups({ decision, escalatedAt, brokenGlass }: Hold): readonly string[] {
  const overdue = brokenGlass?.overdueToldAt != null
  const { answering } = decision
  const others = [
    escalatedAt === null ? null : (answering?.escalate?.group ?? null),
    overdue ? overdueGroup(answering) : null,
  ].filter((group) => group !== null)
  return [...new Set([...decision.reviewers.map(({ group }) => group), ...others])]
}

const LINKED = `
  SELECT DISTINCT user_id FROM slack_link
  JOIN unnest($2::text[], $3::text[]) AS reviewer (issuer, subject) USING (issuer, subject)
  WHERE team_id = $1 AND (private_messages OR $4) ORDER BY user_id LIMIT $5`

import pg from 'pg'
import type { Config } from '../../config.ts'
import { type Check, type Finding, ok, warning, wrong } from './check.ts'

interface Notices {
  readonly there: boolean
}

interface Stuck {
  readonly delivery: string
  readonly failure: string | null
  readonly given_up: number
  readonly waiting: number
}

/** Of the last week: what was given up; and what has been waiting for longer than a retry takes. */
const STUCK = `
  SELECT delivery, max(failure) AS failure, count(*) FILTER (WHERE given_up_at IS NOT NULL)::int AS given_up,
    count(*) FILTER (WHERE given_up_at IS NULL)::int AS waiting
  FROM outbox JOIN delivery ON delivery.name = outbox.delivery AND delivery.active
  WHERE sent_at IS NULL AND (given_up_at > now() - interval '7 days'
    OR given_up_at IS NULL AND outbox.created_at < now() - interval '5 minutes')
  GROUP BY delivery ORDER BY delivery`

interface LostPlace {
  readonly destination: string
  readonly reason: string
  readonly hint: string
}

const LOST_PLACES = 'SELECT destination, reason, hint FROM slack_trouble ORDER BY since LIMIT 5'

/** Whether people hear of what is held. */
export const noticeCheck =
  ({ state }: Pick<Config, 'state'>): Check =>
  async () => {
    const subject = 'notices'
    if (state.url === '') return warning(subject, 'cannot be looked at', 'Set state.url, or HOLDPOINT_STATE_URL')
    const client = new pg.Client({ connectionString: state.url, connectionTimeoutMillis: 5_000, query_timeout: 5_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      const { rows } = await client.query<Notices>("SELECT to_regclass('outbox') IS NOT NULL AS there")
      if (rows[0]?.there !== true) return ok(subject, 'none yet')
      const { rows: lost } = await client.query<LostPlace>(LOST_PLACES)
      return judged((await client.query<Stuck>(STUCK)).rows, lost)
    } catch {
      return warning(subject, 'cannot be looked at', 'See what is said of the state database')
    } finally {
      await client.end().catch(() => undefined)
    }
  }

function judged(stuck: readonly Stuck[], lost: readonly LostPlace[]): Finding {
  const subject = 'notices'
  const [place] = lost
  if (stuck.length === 0 && place !== undefined) {
    const places = lost.map(({ destination, reason }) => `${destination} (${reason})`)
    return wrong(subject, `Slack takes no cards for ${places.join(', ')}; others are told instead`, place.hint)
  }
  if (stuck.length === 0) return ok(subject, 'reach people')
  const said = stuck.map(({ delivery, failure, given_up, waiting }) => {
    const because = failure === null ? '' : ` (${failure})`
    return `${delivery}: ${given_up} given up${because}, ${waiting} waiting`
  })
  return wrong(subject, `people were not told: ${said.join('; ')}`, 'The log says why; see what the delivery needs')
}

import { type FastifyInstance, fastify } from 'fastify'
import type pg from 'pg'
import { vi } from 'vitest'
import { createSlack, type Slack, type SlackParts } from '../../../bot/slack/slack.ts'
import type { Config } from '../../../config.ts'
import { openLog } from '../../../log.ts'
import { createDirectory, type Directory } from '../../../workflows/directory/directory.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { createHolds, type KeptHolds } from '../../../workflows/holds/holds.ts'
import { createPins } from '../../../workflows/releases/pins.ts'
import { migrate } from '../../../workflows/state/migrate.ts'
import { openState } from '../../../workflows/state/state.ts'
import { freshDatabase } from '../../harness/database.ts'
import { type PostedMessage, SlackStandIn } from '../../stand-ins/slack.ts'
import { idleQueues } from '../../workflows/stage.ts'
import { sampleHold } from './sample-hold.ts'

/**
 * The Slack side on real parts: our Bolt app behind a listening server, real holds and directory in a database of its
 * own, and the stand-in for Slack. Only the queue is missing; a test delivers notices itself, when it wants to.
 */
export const ISSUER = 'https://id.example'
export const CHANNEL = 'C0APPROVE1'
export const USERS = { ana: 'U0ANA0001', ben: 'U0BEN0001', cleo: 'U0CLEO001', dan: 'U0DAN0001' } as const

export interface Workspace extends AsyncDisposable {
  readonly slackApi: SlackStandIn
  readonly slack: Slack
  readonly holds: KeptHolds
  readonly directory: Directory
  readonly pool: pg.Pool
  readonly settings: Config['slack']
  readonly clock: { ms: number }
  /** Makes a hold and brings its card into the channel. */
  posted(changes?: Partial<Hold>): Promise<{ readonly hold: Hold; readonly message: PostedMessage }>
  /** The card as it stands now. */
  card(): PostedMessage
  /** What was said to a user in private last, once everything acknowledged is done. */
  told(user: string): Promise<string>
  recorded(name: string): Promise<readonly Record<string, unknown>[]>
  /** A second app on the same state, as after a restart. */
  restarted(): Slack
}

interface WorkspaceOptions extends Pick<SlackParts, 'proposeException' | 'calls'> {
  readonly over?: 'http' | 'socket'
  readonly channels?: Record<string, string>
  /** Releases can be pinned, by two of this group. */
  readonly administrators?: string
}

export async function openWorkspace({
  over = 'http',
  channels = {},
  administrators,
  ...extra
}: WorkspaceOptions = {}): Promise<Workspace> {
  const database = await freshDatabase()
  const pool = openState(database.url)
  await migrate(pool)
  const clock = { ms: Date.now() }
  const now = (): number => clock.ms
  const log = openLog({ level: 'silent', process: 'test' })
  const slackApi = await SlackStandIn.start(now)
  const holds = createHolds({ pool, queues: idleQueues, pendingMax: 1_000, now, log })
  const directory = createDirectory(pool)
  await people(directory, slackApi)
  const settings: Config['slack'] = {
    botToken: slackApi.token,
    ...(over === 'http' ? { signingSecret: slackApi.signingSecret } : { appToken: slackApi.appToken }),
    channel: CHANNEL,
    channels,
    offerExceptionAfter: 3,
    apiUrl: slackApi.apiUrl,
  }
  const create = (): Slack => {
    const pinMsMax = 7 * 24 * 3_600_000
    const pinning =
      administrators === undefined
        ? {}
        : { pins: { pins: createPins({ pool, administrators, pinMsMax, now }), administrators, pinMsMax } }
    const parts = { ...extra, ...pinning, config: { slack: settings }, holds, directory, pool, log, now }
    const slack = createSlack({ ...parts, consoleUrl: () => 'https://holdpoint.example' })
    if (slack === null) throw new Error('Slack is configured')
    return slack
  }
  const slack = create()
  slackApi.transport = over
  const server = await listen(slack, slackApi)
  if (over === 'socket') await vi.waitUntil(() => slackApi.sockets.open === 1, { timeout: 10_000 })
  const card = (): PostedMessage => {
    const [message, ...more] = slackApi.messages(CHANNEL)
    if (message === undefined || more.length > 0) throw new Error(`There are ${more.length + 1} cards or none`)
    return message
  }
  return {
    ...{ slackApi, slack, holds, directory, pool, settings, clock, card },
    async posted(changes = {}) {
      const hold = await holds.create(sampleHold({ expiryMs: 900_000, ...changes }))
      await slack.delivery.deliver(hold)
      const message = slackApi.messages(CHANNEL).at(-1)
      if (message === undefined) throw new Error('no card was posted')
      return { hold, message }
    },
    async told(user) {
      await slack.settled()
      return slackApi.privateMessages.findLast((said) => said.user === user)?.text ?? ''
    },
    async recorded(name) {
      const { rows } = await pool.query('SELECT event FROM trail_outbox WHERE name = $1 ORDER BY id', [name])
      return rows.map(({ event }) => event)
    },
    restarted: create,
    async [Symbol.asyncDispose]() {
      await server.close()
      await slack.close()
      await slackApi.close()
      await holds[Symbol.asyncDispose]()
      await pool.end()
      await database[Symbol.asyncDispose]()
    },
  }
}

async function listen(slack: Slack, slackApi: SlackStandIn): Promise<FastifyInstance> {
  const server = fastify()
  await slack.register(server)
  slackApi.endpoint = `${await server.listen({ host: '127.0.0.1', port: 0 })}/slack/events`
  await slack.check() // it was asked when the server began to listen; no test should meet that call
  return server
}

/** Ana asks, Ben and Cleo review, Dan is nobody's reviewer. All but Dan are linked. */
async function people(directory: Directory, slackApi: SlackStandIn): Promise<void> {
  const groups = { ana: ['engineers'], ben: ['dba'], cleo: ['dba', 'security'], dan: ['engineers'] }
  slackApi.addChannel(CHANNEL, 'approvals')
  for (const [name, userId] of Object.entries(USERS)) {
    slackApi.addUser({ id: userId, name })
    const person = { issuer: ISSUER, subject: `${name}-1` }
    await directory.upsert({ ...person, name, email: null, kind: 'human', groups: groups[name as keyof typeof groups] })
    if (name !== 'dan') await directory.linkSlack({ ...person, teamId: slackApi.teamId, userId })
  }
}

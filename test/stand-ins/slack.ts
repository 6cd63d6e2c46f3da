import { createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { blockProblems, blocksJsonLength, blocksJsonMax, homeProblems, viewProblems } from './block-kit.ts'
import { cardHtml } from './slack-html.ts'
import { SlackSockets } from './slack-socket.ts'

/**
 * A Slack workspace for tests: the Web API methods a bot like ours calls, answering and refusing as Slack does, and a
 * way to act in it as a person, who clicks a button, submits a view or types a command, each sent to the bot signed.
 *
 * It is strict on purpose. What the real one would refuse is refused here with the same error code.
 */
export interface SlackUser {
  readonly id: string
  readonly name: string
  readonly team_id?: string
  readonly deleted?: boolean
  readonly is_bot?: boolean
  readonly is_restricted?: boolean
  readonly is_ultra_restricted?: boolean
  readonly is_stranger?: boolean
}

export interface PostedMessage {
  readonly channel: string
  /** Who posted it. */
  readonly user: string
  readonly ts: string
  readonly text: string
  readonly blocks: readonly Record<string, unknown>[]
  readonly metadata: { readonly event_type: string; readonly event_payload: Record<string, unknown> } | null
  /** How often it was changed since it was posted. */
  readonly edits: number
  /** The message whose thread this one is in. */
  readonly thread_ts?: string
}

export interface PrivateMessage {
  readonly channel: string
  readonly user: string
  readonly text: string
}

/** The next `times` calls of `method` (any, when left out) meet this. */
export interface Misbehaviour {
  readonly method?: string
  readonly times: number
  readonly fault:
    | { readonly kind: 'down' }
    | { readonly kind: 'server_error'; readonly status: number }
    | { readonly kind: 'rate_limited'; readonly retryAfterSeconds: number }
    | { readonly kind: 'slow'; readonly until: Promise<void> }
    | { readonly kind: 'refused'; readonly error: string }
    /** Does the work and loses the answer, as a broken connection does. */
    | { readonly kind: 'answer_lost' }
}

interface OpenView {
  readonly id: string
  readonly user: string
  view: Record<string, unknown>
  /** How many views lie below it. */
  readonly depth: number
}

type Arguments = Readonly<Record<string, string>>
type Answer = Readonly<Record<string, unknown>>

const SCOPES: Readonly<Record<string, string | null>> = {
  'auth.test': null,
  'users.info': 'users:read',
  'chat.postMessage': 'chat:write',
  'chat.update': 'chat:write',
  'chat.postEphemeral': 'chat:write',
  'chat.getPermalink': null,
  'conversations.history': 'channels:history',
  'conversations.open': 'im:write',
  'views.open': null,
  'views.push': null,
  'views.update': null,
  'views.publish': null,
  'apps.connections.open': 'connections:write',
}
/** What an app-level token (xapp-) may call, and nothing else. */
const APP_METHODS = new Set(['apps.connections.open'])
/** docs.slack.dev/apis/web-api/rate-limits: one message a second and channel, with some more in a burst. */
const POSTS_IN_BURST = 5
const TRIGGER_MS = 3_000
/** docs.slack.dev/surfaces/modals: up to three views in a stack. */
const VIEWS_STACKED_MAX = 3
const TEXT_MAX = 40_000

export class SlackStandIn {
  readonly token = `xoxb-${randomBytes(12).toString('hex')}`
  readonly appToken = `xapp-1-A0HOLD001-${randomBytes(12).toString('hex')}`
  readonly signingSecret = randomBytes(16).toString('hex')
  readonly teamId = 'T0HOLD001'
  readonly botUserId = 'U0BOT0001'
  readonly appId = 'A0HOLD001'
  /** Everything that was called, in order, with the arguments as they came. */
  readonly calls: { readonly method: string; readonly args: Arguments; readonly error: string | null }[] = []
  readonly privateMessages: PrivateMessage[] = []
  /** Every view that was opened, as it is now, in order. */
  readonly openViews: OpenView[] = []
  /** The home tab of each user, as it was published last, and how often. */
  readonly homes = new Map<string, { readonly view: Record<string, unknown>; readonly published: number }>()
  readonly scopes = new Set([
    'users:read',
    'chat:write',
    'channels:history',
    'commands',
    'im:write',
    'im:history',
    'connections:write',
  ])
  readonly sockets = new SlackSockets(() => this.now())
  /** Which way people’s clicks take. */
  transport: 'http' | 'socket' = 'http'
  /** Whether posting faster than Slack allows is refused. */
  limitsRates = false
  /** Where interactions go: the bot's POST /slack/events. */
  endpoint = ''
  now: () => number
  #tokenState: 'valid' | 'token_revoked' | 'account_inactive' = 'valid'
  readonly #users = new Map<string, SlackUser>()
  readonly #channels = new Map<string, { id: string; name: string; archived: boolean; member: boolean }>()
  readonly #messages = new Map<string, PostedMessage>()
  readonly #posted = new Map<string, number[]>()
  readonly #triggers = new Map<string, { user: string; issuedAt: number; used: boolean; from: OpenView | null }>()
  readonly #misbehaviours: { fault: Misbehaviour['fault']; method: string | undefined; left: number }[] = []
  readonly #server = createServer((request, response) => void this.#serve(request, response))
  #sequence = 0

  constructor(now: () => number = Date.now) {
    this.now = now
    this.addUser({ id: this.botUserId, name: 'holdpoint', is_bot: true })
  }

  static async start(now?: () => number): Promise<SlackStandIn> {
    const slack = new SlackStandIn(now)
    slack.#server.on('upgrade', (request, socket) => slack.sockets.upgrade(request, socket))
    await new Promise<void>((resolve) => slack.#server.listen(0, '127.0.0.1', resolve))
    return slack
  }

  get apiUrl(): string {
    return `${this.#origin}/api/`
  }

  get #origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Nothing listens on its port any more; @returns how it comes back there */
  async refuseConnections(): Promise<() => Promise<void>> {
    const { port } = this.#server.address() as AddressInfo
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    return () => new Promise((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
  }

  /** Whatever was to go wrong goes right from now on. */
  behave(): void {
    this.#misbehaviours.length = 0
  }

  async close(): Promise<void> {
    this.sockets.cut()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  addUser(user: SlackUser): void {
    this.#users.set(user.id, user)
  }

  addChannel(id: string, name: string): void {
    this.#channels.set(id, { id, name, archived: false, member: true })
  }

  archiveChannel(id: string): void {
    const channel = this.#channels.get(id)
    if (channel) channel.archived = true
  }

  deleteChannel(id: string): void {
    this.#channels.delete(id)
  }

  /** Takes the app out of a channel, or lets it in again. */
  setMember(id: string, member: boolean): void {
    const channel = this.#channels.get(id)
    if (channel) channel.member = member
  }

  restoreToken(): void {
    this.#tokenState = 'valid'
  }

  revokeToken(): void {
    this.#tokenState = 'token_revoked'
  }

  misbehave({ fault, method, times }: Misbehaviour): void {
    this.#misbehaviours.push({ fault, method, left: times })
  }

  /** The messages of a channel as they stand now, oldest first; those in threads are not among them. */
  messages(channel: string): readonly PostedMessage[] {
    return [...this.#messages.values()].filter((message) => message.channel === channel && !message.thread_ts)
  }

  thread({ channel, ts }: Pick<PostedMessage, 'channel' | 'ts'>): readonly PostedMessage[] {
    return [...this.#messages.values()].filter((message) => message.channel === channel && message.thread_ts === ts)
  }

  /** The conversation of the app with one person. */
  directChannel(user: string): string {
    return `D${user.slice(1)}`
  }

  /** Writes in a channel, or in a thread of it, as a person does; the app hears of it when it listens. */
  async say(user: string, channel: string, text: string, thread?: string): Promise<Response> {
    return this.deliverEvent(this.sayPayload(user, channel, text, thread))
  }

  sayPayload(user: string, channel: string, text: string, thread?: string): Record<string, unknown> {
    const ts = this.#ts()
    const place = thread === undefined ? {} : { thread_ts: thread }
    this.#messages.set(ts, { channel, user, ts, text, blocks: [], metadata: null, edits: 0, ...place })
    const kind = channel.startsWith('D') ? 'im' : 'channel'
    const about = { channel, user, text, ts, ...place, channel_type: kind, team: this.#teamOf(user), event_ts: ts }
    return { type: 'message', ...about }
  }

  /** Looks at the app's home tab. */
  async openHome(user: string): Promise<Response> {
    const tab = { type: 'app_home_opened', user, channel: this.directChannel(user), tab: 'home', event_ts: this.#ts() }
    return this.deliverEvent(tab)
  }

  async deliverEvent(event: Record<string, unknown>): Promise<Response> {
    const user = String(event.user)
    const payload = {
      ...{ type: 'event_callback', token: 'legacy', team_id: this.teamId, api_app_id: this.appId, event },
      ...{ event_id: `Ev${++this.#sequence}`, event_time: Math.floor(this.now() / 1_000) },
      authorizations: [{ team_id: this.teamId, user_id: this.botUserId, is_bot: true }],
      ...(this.#teamOf(user) === this.teamId ? {} : { is_ext_shared_channel: true }),
    }
    if (this.transport === 'socket') return this.#overSocket({ type: 'events_api', payload, acceptsResponse: false })
    return this.send(JSON.stringify(payload), { json: true })
  }

  /** Clicks a button of the home tab. */
  async clickHome(user: string, actionId: string, value?: string): Promise<Response> {
    const view = this.homes.get(user)?.view
    if (view === undefined) throw new Error(`${user} has no home tab yet`)
    const found = buttonsOf(view.blocks as Answer[]).find(
      (button) => button.action_id === actionId && (value === undefined || button.value === value),
    )
    if (!found) throw new Error(`The home tab has no button ${actionId}`)
    return this.deliver({
      type: 'block_actions',
      ...this.#interaction(user),
      trigger_id: this.#trigger(user),
      container: { type: 'view', view_id: 'VHOME' },
      view: { id: 'VHOME', team_id: this.teamId, ...view },
      actions: [{ ...found, block_id: 'b', action_ts: this.#ts() }],
    })
  }

  /** A message of another app, which may carry any metadata it likes. */
  postAs(user: string, channel: string, message: Pick<PostedMessage, 'text' | 'metadata'>): void {
    const ts = this.#ts()
    this.#messages.set(ts, { channel, user, ts, blocks: [], edits: 0, ...message })
  }

  deleteMessage(ts: string): void {
    this.#messages.delete(ts)
  }

  html(message: PostedMessage): string {
    return cardHtml(message)
  }

  /** Clicks a button of a message as a person does. Throws when the message has no such button. */
  async click(user: string, message: PostedMessage, actionId: string): Promise<Response> {
    return this.deliver(this.clickPayload(user, message, actionId))
  }

  /** The same click as a payload, for a test that changes it or sends it twice. */
  clickPayload(user: string, message: PostedMessage, actionId: string): Record<string, unknown> {
    const button = buttonsOf(message.blocks).find(({ action_id }) => action_id === actionId)
    if (!button) throw new Error(`The message has no button ${actionId}`)
    return {
      type: 'block_actions',
      ...this.#interaction(user),
      trigger_id: this.#trigger(user),
      response_url: `${this.#origin}/actions/${message.channel}/${user}`,
      container: { type: 'message', message_ts: message.ts, channel_id: message.channel, is_ephemeral: false },
      channel: { id: message.channel, name: this.#channels.get(message.channel)?.name ?? '' },
      message: { ts: message.ts, text: message.text, blocks: message.blocks, user: this.botUserId },
      actions: [{ ...button, block_id: 'b', action_ts: this.#ts() }],
    }
  }

  /** Clicks a button in the view that was opened last for a person. */
  async clickView(user: string, actionId: string, value?: string): Promise<Response> {
    const open = this.openViews.findLast((candidate) => candidate.user === user)
    if (!open) throw new Error(`No view is open for ${user}`)
    const found = buttonsOf(open.view.blocks as Answer[]).find(
      (button) => button.action_id === actionId && (value === undefined || button.value === value),
    )
    if (!found) throw new Error(`The view has no button ${actionId}`)
    return this.deliver({
      type: 'block_actions',
      ...this.#interaction(user),
      trigger_id: this.#trigger(user, open),
      container: { type: 'view', view_id: open.id },
      view: { id: open.id, team_id: this.teamId, ...open.view },
      actions: [{ ...found, block_id: 'b', action_ts: this.#ts() }],
    })
  }

  /** Submits the view that was opened last for a person. `values`: what they typed, by action id. */
  async submitView(user: string, values: Readonly<Record<string, string>>): Promise<Response> {
    const open = this.openViews.findLast((candidate) => candidate.user === user)
    if (!open) throw new Error(`No view is open for ${user}`)
    const inputs = (open.view.blocks as Answer[]).filter(({ type }) => type === 'input')
    const state = Object.fromEntries(
      inputs.map((input) => {
        const { action_id: id, type } = input.element as { action_id: string; type: string }
        const chosen = chosenIn(type, input.element, values[id])
        return [String(input.block_id ?? id), { [id]: { type, value: values[id] ?? null, ...chosen } }]
      }),
    )
    const view = { id: open.id, team_id: this.teamId, ...open.view, state: { values: state } }
    return this.deliver({ type: 'view_submission', ...this.#interaction(user), trigger_id: this.#trigger(user), view })
  }

  /** Types `/holdpoint …` in a channel. */
  async command(user: string, channel: string, command: string, text: string): Promise<Response> {
    const form = {
      ...{ command, text, user_id: user, user_name: this.#users.get(user)?.name ?? '', channel_id: channel },
      ...{ team_id: this.#teamOf(user), api_app_id: this.appId, trigger_id: this.#trigger(user), token: 'legacy' },
      response_url: `${this.#origin}/actions/${channel}/${user}`,
    }
    if (this.transport === 'socket')
      return this.#overSocket({ type: 'slash_commands', payload: form, acceptsResponse: true })
    return this.send(new URLSearchParams(form).toString())
  }

  async deliver(payload: Readonly<Record<string, unknown>>): Promise<Response> {
    if (this.transport === 'socket')
      return this.#overSocket({ type: 'interactive', payload, acceptsResponse: payload.type === 'view_submission' })
    return this.send(new URLSearchParams({ payload: JSON.stringify(payload) }).toString())
  }

  async #overSocket(envelope: Parameters<SlackSockets['send']>[0]): Promise<Response> {
    return Response.json((await this.sockets.send(envelope)) ?? {})
  }

  /** Sends a raw body, signed as Slack signs unless told otherwise. */
  async send(
    body: string,
    options: { timestamp?: number; signature?: string; json?: boolean } = {},
  ): Promise<Response> {
    const timestamp = options.timestamp ?? Math.floor(this.now() / 1_000)
    return fetch(this.endpoint, {
      method: 'POST',
      headers: {
        'content-type': options.json ? 'application/json' : 'application/x-www-form-urlencoded',
        'x-slack-request-timestamp': String(timestamp),
        'x-slack-signature': options.signature ?? this.sign(body, timestamp),
      },
      body,
    })
  }

  sign(body: string, timestamp: number): string {
    return `v0=${createHmac('sha256', this.signingSecret).update(`v0:${timestamp}:${body}`).digest('hex')}`
  }

  #interaction(user: string): Record<string, unknown> {
    const name = this.#users.get(user)?.name ?? ''
    return {
      team: { id: this.teamId, domain: 'hold' },
      user: { id: user, username: name, name, team_id: this.#teamOf(user) },
      api_app_id: this.appId,
      token: 'legacy',
    }
  }

  #teamOf(user: string): string {
    return this.#users.get(user)?.team_id ?? this.teamId
  }

  #trigger(user: string, from: OpenView | null = null): string {
    const id = `${++this.#sequence}.${this.now()}.${randomBytes(8).toString('hex')}`
    this.#triggers.set(id, { user, issuedAt: this.now(), used: false, from })
    return id
  }

  #ts(): string {
    return `${Math.floor(this.now() / 1_000)}.${String(++this.#sequence).padStart(6, '0')}`
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request)
    const [, root, ...rest] = (request.url ?? '').split('/')
    if (root === 'actions') {
      this.#responseUrl(rest, body, response)
      return
    }
    const method = rest.join('/')
    const fault = this.#fault(method)
    if (fault?.kind === 'down') return void response.destroy()
    if (fault?.kind === 'server_error') return void response.writeHead(fault.status).end('upstream error')
    if (fault?.kind === 'rate_limited') {
      this.calls.push({ method, args: {}, error: 'ratelimited' })
      response.setHeader('retry-after', String(fault.retryAfterSeconds))
      json(response, 429, { ok: false, error: 'ratelimited' })
      return
    }
    if (fault?.kind === 'slow') await fault.until
    if (fault?.kind === 'refused') {
      this.calls.push({ method, args: {}, error: fault.error })
      return json(response, 200, refuse(fault.error))
    }
    const args = parseArguments(request, body)
    const answer = this.#call(method, args, request.headers.authorization)
    this.calls.push({ method, args, error: answer.ok === true ? null : String(answer.error) })
    if (fault?.kind === 'answer_lost') return void response.destroy()
    if (answer.error === 'ratelimited') {
      response.setHeader('retry-after', '1')
      return void json(response, 429, answer)
    }
    json(response, 200, answer)
  }

  #fault(method: string): Misbehaviour['fault'] | null {
    const found = this.#misbehaviours.find((entry) => entry.left > 0 && (entry.method ?? method) === method)
    if (!found) return null
    found.left--
    return found.fault
  }

  #call(method: string, args: Arguments, authorization: string | undefined): Answer {
    const scope = SCOPES[method]
    if (scope === undefined) return { ok: false, error: 'unknown_method', req_method: method }
    const token = authorization?.replace(/^Bearer /, '') ?? args.token
    if (token === undefined || token === '') return refuse('not_authed')
    if (token !== this.token && token !== this.appToken) return refuse('invalid_auth')
    if ((token === this.appToken) !== APP_METHODS.has(method)) return refuse('not_allowed_token_type')
    if (this.#tokenState !== 'valid') return refuse(this.#tokenState)
    if (scope !== null && !this.scopes.has(scope))
      return { ok: false, error: 'missing_scope', needed: scope, provided: [...this.scopes].join(',') }
    return this.#perform(method, args)
  }

  #perform(method: string, args: Arguments): Answer {
    switch (method) {
      case 'auth.test': {
        const { teamId, botUserId } = this
        return {
          ok: true,
          url: 'https://hold.slack.com/',
          team: 'Hold',
          user: 'holdpoint',
          team_id: teamId,
          user_id: botUserId,
          bot_id: 'B0BOT0001',
        }
      }
      case 'users.info':
        return this.#userInfo(args)
      case 'chat.postMessage':
        return this.#post(args)
      case 'chat.update':
        return this.#update(args)
      case 'chat.postEphemeral':
        return this.#postEphemeral(args)
      case 'chat.getPermalink':
        return this.#permalink(args)
      case 'conversations.open':
        return this.#openConversation(args)
      case 'views.publish':
        return this.#publish(args)
      case 'apps.connections.open':
        return {
          ok: true,
          url: `${this.#origin.replace('http', 'ws')}/link/?ticket=${this.sockets.ticket()}&app_id=${this.appId}`,
        }
      case 'conversations.history':
        return this.#history(args)
      case 'views.update':
        return this.#updateView(args)
      default:
        return this.#openView(method, args)
    }
  }

  #userInfo({ user }: Arguments): Answer {
    const found = this.#users.get(user ?? '')
    if (!found) return refuse('user_not_found')
    const flags = { deleted: false, is_bot: false, is_restricted: false, is_ultra_restricted: false }
    return { ok: true, user: { team_id: this.teamId, real_name: found.name, ...flags, ...found } }
  }

  #channel(reference: string | undefined): { id: string } | string {
    const direct = reference?.replace(/^U/, 'D') ?? ''
    const person = this.#users.get(`U${direct.slice(1)}`)
    if (person !== undefined && !person.is_bot) return person.deleted ? 'channel_not_found' : { id: direct }
    const name = reference?.replace(/^#/, '')
    const channel = [...this.#channels.values()].find((entry) => entry.id === reference || entry.name === name)
    if (!channel) return 'channel_not_found'
    if (channel.archived) return 'is_archived'
    return channel.member ? channel : 'not_in_channel'
  }

  #post(args: Arguments): Answer {
    const channel = this.#channel(args.channel)
    if (typeof channel === 'string') return refuse(channel)
    const message = readMessage(args)
    if (typeof message === 'string' || 'problems' in message) return refuseMessage(message)
    if (this.limitsRates && this.#tooFast(channel.id)) return refuse('ratelimited')
    if (args.thread_ts !== undefined && this.#messages.get(args.thread_ts)?.channel !== channel.id)
      return refuse('thread_not_found')
    const ts = this.#ts()
    const place = args.thread_ts === undefined ? {} : { thread_ts: args.thread_ts }
    this.#messages.set(ts, { channel: channel.id, user: this.botUserId, ts, edits: 0, ...message, ...place })
    return { ok: true, channel: channel.id, ts, message: { type: 'message', user: this.botUserId, ts, ...message } }
  }

  #tooFast(channel: string): boolean {
    const recent = (this.#posted.get(channel) ?? []).filter((at) => at > this.now() - POSTS_IN_BURST * 1_000)
    const full = recent.length >= POSTS_IN_BURST
    this.#posted.set(channel, full ? recent : [...recent, this.now()])
    return full
  }

  #permalink({ channel = '', message_ts: ts = '' }: Arguments): Answer {
    if (this.#messages.get(ts)?.channel !== channel) return refuse('message_not_found')
    return { ok: true, channel, permalink: `https://hold.slack.com/archives/${channel}/p${ts.replace('.', '')}` }
  }

  #openConversation({ users = '' }: Arguments): Answer {
    const user = this.#users.get(users)
    if (user === undefined) return refuse('user_not_found')
    if (user.deleted) return refuse('user_disabled')
    if (user.is_bot) return refuse('cannot_dm_bot')
    return { ok: true, channel: { id: this.directChannel(users) } }
  }

  #publish(args: Arguments): Answer {
    if (!this.#users.has(args.user_id ?? '')) return refuse('user_not_found')
    const view = parseJson(args.view)
    const problems = homeProblems(view)
    if (problems.length > 0) return refuseMessage({ problems, error: 'invalid_arguments' })
    const published = (this.homes.get(args.user_id ?? '')?.published ?? 0) + 1
    this.homes.set(args.user_id ?? '', { view: view as Record<string, unknown>, published })
    return { ok: true, view: { id: 'VHOME', ...(view as object) } }
  }

  #update(args: Arguments): Answer {
    // Only an id is taken here, unlike chat.postMessage.
    if (!/^[CDG]/.test(args.channel ?? '')) return refuse('channel_not_found')
    const channel = this.#channel(args.channel)
    if (typeof channel === 'string') return refuse(channel)
    const before = this.#messages.get(args.ts ?? '')
    if (!before || before.channel !== channel.id) return refuse('message_not_found')
    if (before.user !== this.botUserId) return refuse('cant_update_message')
    const message = readMessage(args)
    if (typeof message === 'string' || 'problems' in message) return refuseMessage(message)
    const metadata = message.metadata ?? before.metadata
    this.#messages.set(before.ts, { ...before, ...message, metadata, edits: before.edits + 1 })
    return { ok: true, channel: channel.id, ts: before.ts, text: message.text }
  }

  #postEphemeral(args: Arguments): Answer {
    const channel = this.#channel(args.channel)
    if (typeof channel === 'string') return refuse(channel)
    if (!this.#users.has(args.user ?? '')) return refuse('user_not_in_channel')
    const message = readMessage(args)
    if (typeof message === 'string' || 'problems' in message) return refuseMessage(message)
    this.privateMessages.push({ channel: channel.id, user: args.user ?? '', text: message.text })
    return { ok: true, message_ts: this.#ts() }
  }

  #history(args: Arguments): Answer {
    const channel = args.channel ?? ''
    if (!/^[CDG]/.test(channel) || this.#channel(channel) === 'channel_not_found') return refuse('channel_not_found')
    if (channel.startsWith('D') && !this.scopes.has('im:history')) return refuse('missing_scope')
    const oldest = Number(args.oldest ?? 0)
    const found = this.messages(args.channel ?? '').filter(({ ts }) => Number(ts) >= oldest)
    const limit = Number(args.limit ?? 100)
    if (!(limit >= 1 && limit <= 999)) return refuse('invalid_limit')
    const messages = found
      .toReversed()
      .slice(0, limit)
      .map(({ metadata, edits, ...message }) => ({
        ...{ type: 'message', ...message },
        ...(args.include_all_metadata === 'true' && metadata ? { metadata } : {}),
      }))
    return { ok: true, messages, has_more: found.length > limit }
  }

  #openView(method: string, args: Arguments): Answer {
    const trigger = this.#triggers.get(args.trigger_id ?? '')
    if (!trigger) return refuse('invalid_trigger_id')
    if (trigger.used) return refuse('exchanged_trigger_id')
    if (this.now() - trigger.issuedAt > TRIGGER_MS) return refuse('expired_trigger_id')
    const view = parseJson(args.view)
    const problems = viewProblems(view)
    if (problems.some((problem) => problem.startsWith('view_too_large'))) return refuse('view_too_large')
    if (problems.length > 0) return refuseMessage({ problems, error: 'invalid_arguments' })
    const depth = method === 'views.push' ? (trigger.from?.depth ?? VIEWS_STACKED_MAX) + 1 : 0
    if (depth >= VIEWS_STACKED_MAX) return refuse('push_limit_reached')
    trigger.used = true
    const id = `V${++this.#sequence}`
    this.openViews.push({ id, user: trigger.user, view: view as Record<string, unknown>, depth })
    return { ok: true, view: { id, ...(view as object) } }
  }

  #updateView(args: Arguments): Answer {
    const open = this.openViews.find(({ id }) => id === args.view_id)
    if (open === undefined) return refuse('not_found')
    const view = parseJson(args.view)
    const problems = viewProblems(view)
    if (problems.length > 0) return refuseMessage({ problems, error: 'invalid_arguments' })
    open.view = view as Record<string, unknown>
    return { ok: true, view: { id: open.id, ...(view as object) } }
  }

  #responseUrl([channel, user]: readonly string[], body: string, response: ServerResponse): void {
    const message = parseJson(body) as { text?: string; response_type?: string; blocks?: unknown } | null
    const invalid = message?.blocks !== undefined && blockProblems(message.blocks, 'message').length > 0
    const refusal = !message || (message.text ?? '') === '' ? 'no_text' : invalid ? 'invalid_blocks' : null
    if (refusal === null)
      this.privateMessages.push({ channel: channel ?? '', user: user ?? '', text: String(message?.text) })
    json(response, 200, refusal === null ? { ok: true } : refuse(refusal))
  }
}

function buttonsOf(blocks: readonly Answer[]): readonly Answer[] {
  return blocks.flatMap((block) => {
    if (block.type === 'actions') return block.elements as Answer[]
    return block.type === 'section' && block.accessory !== undefined ? [block.accessory as Answer] : []
  })
}

/** What was chosen, as each kind of input says it. */
function chosenIn(type: string, element: unknown, value: string | undefined): Record<string, unknown> {
  if (type === 'static_select') return { selected_option: optionOf(element, value) }
  if (type === 'users_select') return { selected_user: value ?? null }
  if (type !== 'datetimepicker') return {}
  const initial = (element as { initial_date_time?: number }).initial_date_time ?? null
  return { selected_date_time: value === undefined ? initial : Number(value) }
}

function optionOf(element: unknown, value: string | undefined): unknown {
  const { options, initial_option: initial } = element as { options: { value: string }[]; initial_option?: unknown }
  return value === undefined ? initial : options.find((option) => option.value === value)
}

type Message = Pick<PostedMessage, 'text' | 'blocks' | 'metadata'>

function readMessage(args: Arguments): Message | { problems: readonly string[]; error: string } | string {
  const text = args.text ?? ''
  if (text.length > TEXT_MAX) return 'msg_too_long'
  if (args.blocks === undefined && text === '') return 'no_text'
  const blocks = args.blocks === undefined ? [] : parseJson(args.blocks)
  const problems = args.blocks === undefined ? [] : blockProblems(blocks, 'message')
  if (problems.length > 0) return { problems, error: 'invalid_blocks' }
  if (blocksJsonLength(blocks) > blocksJsonMax) return 'msg_blocks_too_long'
  const metadata = args.metadata === undefined ? null : parseJson(args.metadata)
  if (metadata !== null && !isMetadata(metadata)) return 'invalid_metadata_format'
  return { text, blocks: blocks as PostedMessage['blocks'], metadata }
}

function isMetadata(value: unknown): value is NonNullable<PostedMessage['metadata']> {
  const { event_type: type, event_payload: payload } = (value ?? {}) as Record<string, unknown>
  return typeof type === 'string' && type !== '' && typeof payload === 'object' && payload !== null
}

function refuse(error: string): Answer {
  return { ok: false, error }
}

function refuseMessage(refusal: string | { problems: readonly string[]; error: string }): Answer {
  if (typeof refusal === 'string') return refuse(refusal)
  const messages = refusal.problems.map((problem) => `[ERROR] ${problem}`)
  return { ok: false, error: refusal.error, errors: refusal.problems, response_metadata: { messages } }
}

function parseArguments(request: IncomingMessage, body: string): Arguments {
  if (request.headers['content-type']?.startsWith('application/json')) {
    const fields = (parseJson(body) ?? {}) as Record<string, unknown>
    return Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
    )
  }
  return Object.fromEntries(new URLSearchParams(body))
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return null
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function json(response: ServerResponse, status: number, body: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
}

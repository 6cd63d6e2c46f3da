import { Command } from 'commander'
import { z } from 'zod'
import { approvedBy } from '../../workflows/releases/approved-by.ts'
import { releasesView } from '../console/release-schema.ts'
import { visibleLine, visibleText } from '../text/visible-text.ts'
import { ReleaseCommandError } from './errors.ts'

/** `holdpoint release list|show|pin|confirm|unpin`, over the console's API: two administrators are two tokens. */
export interface ReleaseSurroundings {
  /** HOLDPOINT_TOKEN */
  readonly token: string | undefined
  consoleUrl(options: ReleaseOptions): string | undefined
  write(text: string): void
}

interface ReleaseOptions {
  readonly data?: string
  readonly config?: string
  readonly url?: string
  readonly json?: boolean
  readonly reason?: string
  readonly minutes?: string
}

type View = z.infer<typeof releasesView>
const TIMEOUT_MS = 15_000
const problem = z.object({ detail: z.string() })

export function releaseCommand(surroundings: ReleaseSurroundings): Command {
  const { write } = surroundings
  const command = new Command('release').description('the releases of the policies, and pinning an earlier one')
  const add = (
    name: string,
    description: string,
    act: (ask: Ask, id: string, options: ReleaseOptions) => Promise<View>,
  ) =>
    command
      .command(name)
      .description(description)
      .option('--url <url>', 'the console')
      .option('--json', 'one JSON object')
      .action(async (...given: readonly unknown[]) => {
        const self = given.at(-1) as Command
        const options = self.optsWithGlobals<ReleaseOptions>()
        const id = typeof given[0] === 'string' ? given[0] : ''
        const view = await act(asking(options, surroundings), id, options)
        write(
          options.json === true ? `${JSON.stringify(view)}\n` : releasesText(view, name.startsWith('show') ? id : null),
        )
      })
  add('list', 'the verified releases, and which is in force', (ask) => ask('/api/releases'))
  add('show <commit>', 'what a release changed and who reviewed it', (ask) => ask('/api/releases'))
  add(
    'pin <commit>',
    'ask to put an earlier verified release back in force',
    (ask, release, { reason = '', minutes = '60' }) =>
      ask('/api/releases/pins', { release, reason, minutes: Number(minutes) }),
  )
  add('confirm <pin>', 'confirm what another administrator asked for', (ask, id) =>
    ask(`/api/releases/pins/${encodeURIComponent(id)}/confirm`, {}),
  )
  add('unpin', 'end a pin: what was verified last is in force again', (ask) => ask('/api/releases/unpin', {}))
  command.commands
    .find((one) => one.name() === 'pin')
    ?.requiredOption('--reason <text>', 'why')
    .option('--minutes <n>', 'for how long', '60')
  return command
}

type Ask = (path: string, body?: object) => Promise<View>

function asking(options: ReleaseOptions, { token, consoleUrl }: ReleaseSurroundings): Ask {
  const url = options.url ?? consoleUrl(options)
  if (token === undefined || url === undefined)
    throw new ReleaseCommandError('no_token', 'It is not known where the console is, or who asks.', {
      hint: 'Set HOLDPOINT_TOKEN to a token of yours, and name the console with --url or --config',
    })
  return async (path, body) => {
    const response = await fetch(new URL(path, url), {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((cause: unknown) => {
      throw new ReleaseCommandError('unreachable', `The console at ${new URL(url).origin} does not answer`, { cause })
    })
    const answer: unknown = await response.json().catch(() => null)
    const parsed = releasesView.safeParse(answer)
    if (response.ok && parsed.success) return parsed.data
    const said = problem.safeParse(answer).data?.detail
    throw new ReleaseCommandError(
      'refused',
      said ?? `What answers at ${new URL(url).origin} is not a Holdpoint console`,
    )
  }
}

const HEADING = `  ${'COMMIT'.padEnd(12)}  ${'VERIFIED'.padEnd(24)}  REVIEWED (* in force, ! pinned)`

/** Titles, names and reasons are others' words, and nothing of them drives the terminal. */
export function releasesText(view: View, commit: string | null): string {
  const chosen = view.releases.filter((one) => commit === null || one.commit.startsWith(commit))
  if (commit !== null && chosen.length === 0)
    throw new ReleaseCommandError('refused', `There is no verified release ${visibleLine(commit)}.`, {
      hint: 'holdpoint release list shows them',
    })
  const lines = chosen.flatMap(({ commit: sha, verifiedAt, pulls, changes, digest, counted }) => {
    const mark = sha !== view.inForce ? ' ' : view.pinnedUntil === null ? '*' : '!'
    const by = pulls.map(({ number, ...pull }) => `#${number} ${approvedBy(pull)}`).join('; ')
    const said = [`digest ${digest}`, ...(counted === null ? [] : [counted]), ...changes]
    const more = commit === null ? [] : said.map((line) => `    ${line}`)
    return [`${mark} ${sha.slice(0, 12)}  ${verifiedAt}  ${by}`, ...more]
  })
  const pinned = view.pinnedUntil === null ? [] : [`! pinned until ${view.pinnedUntil}`]
  const pins = view.pins.map(
    ({ id, release, requestedBy, reason }) => `? ${id}: ${requestedBy} asks for ${release.slice(0, 12)}: ${reason}`,
  )
  const { problem, failure } = view
  const trouble = [
    ...(problem?.findings ?? []).map(({ check, text }) => `x ${problem?.commit.slice(0, 12)} ${check}: ${text}`),
    ...(problem?.mending ?? []).map((step) => `  ${step}`),
    ...(failure === null ? [] : [`x ${failure.text}, since ${failure.since}`]),
    ...(failure?.hint == null ? [] : [`  ${failure.hint}`]),
  ]
  const none = view.reviewed ? 'No release has been verified yet.' : 'unreviewed: the policies are local files.'
  const listed = lines.length === 0 ? [none] : [...(commit === null ? [HEADING] : []), ...lines.map(visibleLine)]
  return `${[...listed, ...pinned, ...pins.map(visibleLine), ...trouble.map(visibleText)].join('\n')}\n`
}

import { type McpServer, requireScopes } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { HoldpointError } from '../../../errors.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import type { Held } from '../answer.ts'
import { DoorError } from '../errors.ts'
import { heldSentence, holdViewOf, holdViews, type ViewSources } from '../hold-view.ts'
import { holdView, sqlText } from '../http/schemas.ts'
import { toText } from '../json-value.ts'
import type { Caller } from './caller.ts'
import { describeTable, listRelations } from './describe.ts'
import { taskOf } from './tasks.ts'
import { said, type ToolResult, toolResult } from './tool-result.ts'

/** What an agent can do here. No tool answers a hold or changes a policy, whoever holds the token. */
export interface ToolsOptions {
  readonly caller: Caller
  readonly views: ViewSources
  /** The client of this request declares the Tasks extension. */
  readonly tasks: () => boolean
  readonly keptMs: number
}

const WAIT_SECONDS_MAX = 50
const LISTED_MAX = 50
const target = z
  .string()
  .optional()
  .describe('environment/database, e.g. prod/shop; may be left out where there is one')
const hold = z.string().describe('The id of a hold of yours')
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])
/** Whoever’s token is not for it is told which one would be. */
const RUN = requireScopes('holdpoint:run')
const reading = { readOnlyHint: true, openWorldHint: false }

export function addTools(server: McpServer, options: ToolsOptions): void {
  addQuery(server, options)
  addHoldTools(server, options)
  const { caller } = options
  server.registerTool(
    'list_relations',
    {
      scopeChallenge: RUN,
      description: 'The tables and views that can be read in a database.',
      inputSchema: z.object({ target }),
      annotations: reading,
    },
    (asked) => answered(() => listRelations(caller, asked.target)),
  )
  server.registerTool(
    'describe_table',
    {
      scopeChallenge: RUN,
      description:
        'The columns of a table or view, and a few of its rows as you may see them: masked where policy says so.',
      inputSchema: z.object({ relation: z.string().max(200).describe('name or schema.name'), target }),
      annotations: reading,
    },
    (asked) => answered(() => describeTable(caller, asked.relation, asked.target)),
  )
}

function addQuery(server: McpServer, { caller, views, tasks, keptMs }: ToolsOptions): void {
  server.registerTool(
    'query',
    {
      scopeChallenge: RUN,
      description:
        'Runs one SQL statement. What policy protects comes back masked. A statement that needs a person’s approval is held: it is not run yet, and runs by itself once it is approved. Wait for it with wait_for_hold; do not try another way around.',
      inputSchema: z.object({
        sql: sqlText.describe('One statement; parameters as $1, $2 …'),
        parameters: z.array(scalar).optional(),
        target,
        reason: z.string().max(1_000).optional().describe('Why you need it; reviewers read this'),
        breakGlass: z
          .string()
          .min(1)
          .max(1_000)
          .optional()
          .describe(
            'Only for people whom policy names, never for agents: why it cannot wait. It runs now and is reviewed',
          ),
        maxRows: z.int().min(1).optional(),
      }),
      annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: false },
    },
    (asked) =>
      answered(async () => {
        const answer = await caller.query({ ...asked, parameters: (asked.parameters ?? []).map(toText) })
        if (answer.kind !== 'held') return toolResult(answer)
        // The SDK checks it as the result of a tool: content has to be there, and nothing else of one.
        if (tasks()) return { content: [], resultType: 'task', ...taskOf(answer.hold, keptMs) }
        return held(answer.hold, views, answer)
      }),
  )
}

async function held(of: Hold, views: ViewSources, more: Partial<Held> = {}): Promise<ToolResult> {
  const { instead = null, whole = null } = more
  const next = `Call wait_for_hold with "${of.id}".`
  const hold = await holdViewOf(of, views)
  return said({ status: 'held', message: heldSentence(of), next, glassWhole: whole, instead, hold })
}

function addHoldTools(server: McpServer, { caller, views }: ToolsOptions): void {
  const own = async (id: string): Promise<Hold> => {
    const found = await caller.find(id)
    if (found === null) throw new DoorError('not_found', 'You have no such hold')
    return found
  }
  const view = async (of: Hold): Promise<ToolResult> => said({ hold: await holdViewOf(of, views) })
  server.registerTool(
    'my_holds',
    {
      description: 'What you asked for that needs or needed an approval, newest first, at whichever door you asked.',
      inputSchema: z.object({
        status: holdView.shape.status.optional(),
        after: z.string().max(200).optional().describe('What `next` of an earlier answer said: the ones behind it'),
      }),
      annotations: reading,
    },
    ({ status, after }) =>
      answered(async () => {
        const { holds, next } = await caller.list({ status, after, limit: LISTED_MAX })
        return said({ holds: await holdViews(holds, views), next })
      }),
  )
  server.registerTool(
    'wait_for_hold',
    {
      description:
        'Waits until a hold is answered and its statement has run, and gives the result, which is given once.',
      inputSchema: z.object({ hold, seconds: z.int().min(0).max(WAIT_SECONDS_MAX).default(30) }),
    },
    (asked) =>
      answered(async () => {
        const now = await caller.wait(await own(asked.hold), asked.seconds * 1_000)
        const outcome = await caller.outcome(now)
        return outcome === null ? held(now, views) : toolResult(outcome)
      }),
  )
  server.registerTool(
    'withdraw_hold',
    {
      scopeChallenge: RUN,
      description: 'Takes back what you asked for; it will not run.',
      inputSchema: z.object({ hold }),
    },
    (asked) => answered(async () => view(await caller.withdraw((await own(asked.hold)).id))),
  )
  server.registerTool(
    'give_reason',
    {
      scopeChallenge: RUN,
      description: 'Says why you need what is held, once. Some holds cannot be approved before.',
      inputSchema: z.object({ hold, reason: z.string().min(1).max(1_000) }),
    },
    (asked) => answered(async () => view(await caller.giveReason((await own(asked.hold)).id, asked.reason))),
  )
}

/** What we refuse on purpose is the tool's answer; anything else is a fault and says nothing of itself. */
async function answered(work: () => Promise<ToolResult>): Promise<ToolResult> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof HoldpointError)) throw error
    const { code, message, hint } = error
    return said({ status: 'refused', code, message, ...(hint === undefined ? {} : { hint }) }, true)
  }
}

import {
  type McpServer,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { HoldpointError } from '../../../errors.ts'
import { ScopeError } from '../../../policies/scopes.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import { heldSentence } from '../hold-view.ts'
import type { Caller } from './caller.ts'
import { type ToolResult, toolResult } from './tool-result.ts'

/**
 * A hold as a Task, for clients that declare the extension: the task's id is the hold's, and nothing is kept beside the
 * hold, so that any process answers and a restart loses none.
 * https://modelcontextprotocol.io/seps/2663-tasks-extension
 *
 *   pending, a reason wanted  input_required     rejected, expired   completed, with an error as the tool's result
 *   pending, approved         working            withdrawn           cancelled
 *   executed                  completed, with the masked result
 */
export const TASKS = 'io.modelcontextprotocol/tasks'

export type TaskView = Readonly<Record<string, unknown>> & { readonly taskId: string; readonly status: string }

/** What it takes people to answer is not known; asking is cheap. */
const POLL_MS = 2_000
const REASON = 'reason'
const reasonGiven = z.object({ action: z.literal('accept'), content: z.object({ [REASON]: z.string() }) })
const taskId = z.looseObject({ taskId: z.string() })

export interface TaskSources {
  readonly caller: Caller
  /** How long a result is kept. */
  readonly keptMs: number
}

/** Without what only the answer to tasks/get has. */
export function taskOf(hold: Hold, keptMs: number): TaskView {
  return {
    ...base(hold, keptMs),
    status: hold.needsReason ? 'input_required' : 'working',
    statusMessage: heldSentence(hold),
  }
}

function base({ id, createdAt, decidedAt, grantExpiresAt, expiresAt }: Hold, keptMs: number) {
  const until = Date.parse(grantExpiresAt ?? expiresAt) + keptMs
  return {
    taskId: id,
    createdAt,
    lastUpdatedAt: decidedAt ?? createdAt,
    ttlMs: until - Date.parse(createdAt),
    pollIntervalMs: POLL_MS,
  }
}

export async function detailedTask(hold: Hold, sources: TaskSources): Promise<TaskView> {
  const task = base(hold, sources.keptMs)
  if (hold.status === 'pending') {
    const pending = taskOf(hold, sources.keptMs)
    return hold.needsReason ? { ...pending, inputRequests: { [REASON]: askForReason(hold) } } : pending
  }
  if (hold.status === 'withdrawn' || hold.status === 'abandoned') {
    return { ...task, status: 'cancelled', statusMessage: `It was ${hold.status}.` }
  }
  const result = await ended(hold, sources.caller)
  return result === null
    ? { ...task, status: 'working', statusMessage: 'It is approved and is being run.' }
    : { ...task, status: 'completed', result }
}

/** The tool's result, or null while there is none yet. */
async function ended(hold: Hold, caller: Caller): Promise<ToolResult | null> {
  const outcome = await caller.outcome(hold)
  return outcome === null ? null : toolResult(outcome)
}

function askForReason(hold: Hold) {
  return {
    method: 'elicitation/create',
    params: {
      mode: 'form',
      message: `${heldSentence(hold)} Why do you need it?`,
      requestedSchema: {
        type: 'object',
        properties: { [REASON]: { type: 'string', minLength: 1, maxLength: 1_000 } },
        required: [REASON],
      },
    },
  }
}

export function tasksNotDeclared(): MissingRequiredClientCapabilityError {
  return new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: { [TASKS]: {} } } })
}

/** The extension's three methods. @param declared whether the client of this request declares the extension */
export function serveTasks({ server }: McpServer, declared: () => boolean, sources: TaskSources): void {
  const { caller } = sources
  const own = async (id: string): Promise<Hold> => {
    if (!declared()) throw tasksNotDeclared()
    const hold = await caller.find(id)
    if (hold === null) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'You have no such task')
    return hold
  }
  server.setRequestHandler('tasks/get', { params: taskId }, async (params) =>
    detailedTask(await own(params.taskId), sources),
  )
  // The SDK takes the responses out of the parameters, as it does for a retried call.
  server.setRequestHandler('tasks/update', { params: taskId }, async (params, { mcpReq }) => {
    const hold = await own(params.taskId)
    const given = reasonGiven.safeParse(mcpReq.inputResponses?.[REASON])
    if (given.success && hold.needsReason)
      await settledIsFine(caller.giveReason(hold.id, given.data.content[REASON] as string))
    return {}
  })
  server.setRequestHandler('tasks/cancel', { params: taskId }, async (params) => {
    const hold = await own(params.taskId)
    await settledIsFine(caller.withdraw(hold.id))
    return {}
  })
}

/** It was answered in the meantime: the next tasks/get says how. */
async function settledIsFine(change: Promise<unknown>): Promise<void> {
  await change.catch((error: unknown) => {
    if (error instanceof ScopeError) throw new ProtocolError(ProtocolErrorCode.InvalidRequest, error.message)
    if (!(error instanceof HoldpointError && (error.code === 'not_pending' || error.code === 'reason_given')))
      throw error
  })
}

import { PassThrough } from 'node:stream'
import {
  CLIENT_CAPABILITIES_META_KEY,
  type MissingRequiredClientCapabilityError,
  PROTOCOL_VERSION_META_KEY,
  SUBSCRIPTION_ID_META_KEY,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { Identity } from '../../../policies/input.ts'
import type { Hold } from '../../../workflows/holds/hold.ts'
import type { HoldStreams } from '../http/hold-stream.ts'
import { detailedTask, TASKS, type TaskSources, tasksNotDeclared } from './tasks.ts'

/**
 * `notifications/tasks`: a client that listens for its tasks is told of each change, with what tasks/get would answer at
 * that moment; so the result of a task is given out here as it would be there, once. The SDK's own listening knows only
 * lists and resources, so it judges the request and we answer it.
 * https://tasks.extensions.modelcontextprotocol.io (Task Status Notifications)
 */
const TASKS_MAX = 100
const listening = z.looseObject({
  id: z.union([z.string(), z.number()]),
  method: z.literal('subscriptions/listen'),
  params: z.looseObject({
    // Older revisions have no listening, and do not say this.
    _meta: z.looseObject({ [PROTOCOL_VERSION_META_KEY]: z.string() }),
    notifications: z.looseObject({ taskIds: z.array(z.string().max(80)).max(TASKS_MAX) }),
  }),
})
const declared = z.looseObject({ [CLIENT_CAPABILITIES_META_KEY]: z.looseObject({ extensions: z.looseObject({}) }) })

export type Listening = z.infer<typeof listening>

/** null: something else is asked, or for no tasks. */
export function listensForTasks(body: unknown): Listening | null {
  return listening.safeParse(body).data ?? null
}

/** What it is answered with that does not say it knows tasks; null: it does. */
export function undeclared({ params: { _meta } }: Listening): MissingRequiredClientCapabilityError | null {
  const said = declared.safeParse(_meta).data?.[CLIENT_CAPABILITIES_META_KEY].extensions
  return said?.[TASKS] === undefined ? tasksNotDeclared() : null
}

export interface TaskListening extends TaskSources {
  readonly streams: HoldStreams
  readonly asker: Identity
}

/** Acknowledges those tasks that are the caller's, and tells of them until nothing more will become of any. */
export async function taskNotifications({ id, params }: Listening, listener: TaskListening): Promise<PassThrough> {
  const { caller, streams, asker } = listener
  const found = await Promise.all(params.notifications.taskIds.map((taskId) => caller.find(taskId)))
  const holds = found.flatMap((hold) => (hold === null ? [] : [hold.id]))
  const _meta = { [SUBSCRIPTION_ID_META_KEY]: id }
  const response = new PassThrough()
  const notify = (method: string, about: object): void => {
    response.write(event({ jsonrpc: '2.0', method, params: { ...about, _meta } }))
  }
  const last = event({ jsonrpc: '2.0', id, result: { resultType: 'complete', _meta } })
  notify('notifications/subscriptions/acknowledged', { notifications: { taskIds: holds } })
  if (holds.length === 0) return response.end(last)
  const before = new Map<string, string>()
  const tell = async (hold: Hold): Promise<boolean> => {
    const task = await detailedTask(hold, listener)
    const said = JSON.stringify(task)
    if (said !== before.get(hold.id)) notify('notifications/tasks', task)
    before.set(hold.id, said)
    return task.status === 'working' || task.status === 'input_required'
  }
  streams.follow({ holds, asker, response, tell, last })
  return response
}

function event(message: object): string {
  return `event: message\ndata: ${JSON.stringify(message)}\n\n`
}

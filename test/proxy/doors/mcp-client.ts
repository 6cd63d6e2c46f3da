import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { z } from 'zod'
import type { DoorsStand } from './doors-stand.ts'

export const TASKS = 'io.modelcontextprotocol/tasks'

/** What a tool answered, as a program reads it. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever came
export type Said = any

export interface McpClient extends AsyncDisposable {
  readonly client: Client
  call(tool: string, args?: Record<string, unknown>): Promise<Said>
  /** tasks/get, tasks/update, tasks/cancel */
  task(method: string, params: Record<string, unknown>): Promise<Said>
}

export interface McpClientOptions {
  readonly tasks?: boolean
  readonly era?: 'modern' | 'legacy'
  readonly token?: string
}

/**
 * The official client. It knows no Tasks, and takes a result of that type for an error, so what tells it of one hands it
 * on as a result with the task in it; everything else about the extension is asked with its own methods.
 */
export async function openMcp(stand: DoorsStand, name: string, options: McpClientOptions = {}): Promise<McpClient> {
  const token = options.token ?? (await stand.token(name))
  const client = new Client(
    { name: 'test', version: '1' },
    {
      capabilities: options.tasks ? { extensions: { [TASKS]: {} } } : {},
      versionNegotiation: { mode: options.era === 'legacy' ? 'legacy' : 'auto' },
    },
  )
  const transport = new StreamableHTTPClientTransport(new URL(`${stand.base}/mcp`), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
    fetch: taskAware,
  })
  await client.connect(transport)
  return {
    client,
    async call(tool, args = {}) {
      const { structuredContent, isError } = await client.callTool({ name: tool, arguments: args })
      return { isError: isError ?? false, ...(structuredContent as object) }
    },
    task: (method, params) => client.request({ method, params }, z.looseObject({})),
    [Symbol.asyncDispose]: () => client.close(),
  }
}

async function taskAware(url: string | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init)
  if (!(response.headers.get('content-type') ?? '').includes('application/json')) return response
  const body = JSON.parse(await response.text())
  if (body.result?.resultType === 'task') {
    const { resultType: _, content: __, ...task } = body.result
    body.result = { resultType: 'complete', content: [], structuredContent: { task }, _meta: body.result._meta }
  }
  return new Response(JSON.stringify(body), { status: response.status, headers: response.headers })
}

import type { McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

/**
 * The jobs that the conformance tool starts to look at Tasks: each is a statement that the product's own `query` tool
 * holds, and that a reviewer approves a moment later. So the tasks are Holdpoint's, not an example's.
 */
export type Query = (asked: { readonly sql: string }, ctx: unknown) => Promise<Readonly<Record<string, unknown>>>

const JOBS = {
  slow_compute: { sql: "UPDATE customers SET name = name || '!'", approvedAfterMs: 1_500 },
  failing_job: { sql: 'UPDATE products SET price_cents = in_stock - 30', approvedAfterMs: 200 },
} as const

export function addJobs(server: McpServer, query: Query, approve: (hold: string) => Promise<unknown>): void {
  for (const [name, { sql, approvedAfterMs }] of Object.entries(JOBS)) {
    server.registerTool(name, { description: 'Is held, and approved' }, async (ctx) => {
      // One of its own each time: who asks the same again gets the same hold.
      const answer = await query({ sql: `${sql} /* ${crypto.randomUUID()} */` }, ctx)
      const { taskId } = answer
      if (typeof taskId === 'string') setTimeout(() => approve(taskId).catch(() => undefined), approvedAfterMs)
      return answer as never
    })
  }
  const inputSchema = z.object({ name: z.string().default('World') })
  server.registerTool('greet', { description: 'Needs nobody', inputSchema }, async ({ name }) => ({
    content: [{ type: 'text', text: `Hello, ${name}!` }],
  }))
}

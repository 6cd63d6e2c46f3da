import { z } from 'zod'

/** What @fastify/swagger wants in place of each zod schema. */
export function asJsonSchemas(schema: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { response, ...rest } = schema
  const input = mapped(rest, 'input')
  if (response === undefined) return input
  const answers = Object.entries(mapped(response as Record<string, unknown>, 'output'))
  return { ...input, response: Object.fromEntries(answers.map(([status, body]) => [status, described(status, body)])) }
}

/** What of an answer is not in its body, as it is (http-problem.ts, statement-routes.ts). */
const ANSWERS: Readonly<Record<string, { readonly description: string; readonly [more: string]: unknown }>> = {
  200: { description: 'Done' },
  202: {
    description: 'Held: it has not run, and waits for people',
    headers: {
      Location: { type: 'string', description: 'The hold' },
      'Retry-After': { type: 'integer', description: 'Seconds after which asking again is worth it' },
    },
  },
  '4xx': { description: 'Refused, and why: 401 says where to get a token, 403 which rules deny it, 429 until when' },
  '5xx': { description: 'Could not be done now; `instance` finds it in the log' },
}

function described(status: string, body: unknown): Record<string, unknown> {
  const said = ANSWERS[status] ?? { description: status }
  if (!/^[45]xx$/.test(status)) return { ...(body as Record<string, unknown>), ...said }
  return { ...said, content: { 'application/problem+json': { schema: body } } }
}

function mapped(schemas: Readonly<Record<string, unknown>>, io: 'input' | 'output'): Record<string, unknown> {
  const entries = Object.entries(schemas).map(([name, schema]) => [
    name,
    schema instanceof z.ZodType ? jsonSchemaOf(schema, io) : schema,
  ])
  return Object.fromEntries(entries) as Record<string, unknown>
}

function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io }) as Record<string, unknown>
  return json
}

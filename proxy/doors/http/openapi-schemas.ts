import { z } from 'zod'

/** What @fastify/swagger wants in place of each zod schema. */
export function asJsonSchemas(schema: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { response, ...rest } = schema
  const input = mapped(rest, 'input')
  return response === undefined ? input : { ...input, response: mapped(response as Record<string, unknown>, 'output') }
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

import type { FastifyInstance, FastifyPluginAsync, FastifyTypeProvider, RawServerDefault } from 'fastify'
import { z } from 'zod'
import { DoorError } from '../errors.ts'

/** Routes declare zod schemas; types, checks and the OpenAPI document all come from them. */
export interface ZodTypes extends FastifyTypeProvider {
  readonly validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown
  readonly serializer: this['schema'] extends z.ZodType ? z.input<this['schema']> : unknown
}

export type Routes = FastifyPluginAsync<Record<never, never>, RawServerDefault, ZodTypes>

export function useZodSchemas(server: FastifyInstance): void {
  server.setValidatorCompiler<z.ZodType>(({ schema }) => (data) => {
    const parsed = schema.safeParse(data)
    return parsed.success ? { value: parsed.data } : { error: new DoorError('invalid_request', sentence(parsed.error)) }
  })
  // Parsing what goes out drops every field the schema does not name: nothing is published by accident.
  server.setSerializerCompiler<z.ZodType>(
    ({ schema }) =>
      (data) =>
        JSON.stringify(schema.parse(data)),
  )
}

function sentence(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'request'}: ${issue.message}`).join('; ')
}

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

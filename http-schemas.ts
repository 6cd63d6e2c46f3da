import type { FastifyInstance, FastifyPluginAsync, FastifyTypeProvider, RawServerDefault } from 'fastify'
import type { z } from 'zod'
import type { HoldpointError } from './errors.ts'

/** Lets routes declare zod schemas and be typed by them, so that a type and its schema cannot drift apart. */
export interface ZodTypes extends FastifyTypeProvider {
  readonly validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown
  readonly serializer: this['schema'] extends z.ZodType ? z.input<this['schema']> : unknown
}

export type Routes = FastifyPluginAsync<Record<never, never>, RawServerDefault, ZodTypes>

/** @param refusal makes the error for what does not fit, of a sentence that says what */
export function useZodSchemas(server: FastifyInstance, refusal: (sentence: string) => HoldpointError): void {
  server.setValidatorCompiler<z.ZodType>(({ schema }) => (data) => {
    const parsed = schema.safeParse(data)
    return parsed.success ? { value: parsed.data } : { error: refusal(sentence(parsed.error)) }
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

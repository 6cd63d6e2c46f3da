import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { asJsonSchemas } from './openapi-schemas.ts'

/** The document of the API, made of the very schemas that check what comes in and goes out. */
export async function describeApi(server: FastifyInstance, url: () => string): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Holdpoint',
        version: '1',
        description:
          'Statements for people’s databases: judged, masked, recorded, and held for a yes where policy asks',
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
    transform: ({ schema, url: path }) => ({ schema: asJsonSchemas({ ...schema }), url: path }),
  })
  server.get('/openapi.json', { schema: { hide: true } }, async () => {
    return { ...server.swagger(), servers: [{ url: url() }] }
  })
}

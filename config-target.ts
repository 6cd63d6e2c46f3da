import { z } from 'zod'

/** One database to protect; a part of config.ts. */
export const target = z.strictObject({
  name: z.string().regex(/^[\w.-]+\/[\w.-]+$/, 'environment/database, e.g. prod/shop'),
  environment: z.enum(['production', 'staging', 'development']),
  host: z.string().min(1),
  port: z.coerce.number().int().min(0).max(65_535).default(5432),
  database: z.string().min(1),
  user: z.string().min(1),
  password: z.string().optional(),
  tls: z.enum(['disable', 'require', 'verify-full']).default('verify-full'),
  ca: z.string().min(1).optional(),
  definitionsTrustedMs: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000)
    .optional()
    .describe('Plain tables are trusted to be what the server said so long ago; 0: it is asked for every statement'),
})

/** Where nothing else is configured, the server is asked for every statement. */
export const DEFINITIONS_TRUSTED_MS = 0

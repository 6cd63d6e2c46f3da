import { z } from 'zod'

/** The other ways in: the HTTP API and MCP, which the proxy processes serve. A section of config.ts. */
const bytes = z.coerce.number().int().min(1)

export const doorsConfig = z
  .strictObject({
    host: z.string().default('127.0.0.1'),
    port: z.coerce.number().int().min(0).max(65_535).default(8081),
    publicUrl: z.string().optional(),
    statementTimeoutMs: z.coerce.number().int().min(1).default(60_000),
    bodyBytesMax: bytes.default(1024 * 1024),
    rowsMax: z.coerce.number().int().min(1).max(100_000).default(1_000),
    resultBytesMax: bytes.default(4 * 1024 * 1024),
    resultKey: z.string().min(32, 'at least 32 characters').optional(),
    webhookOrigins: z
      .string()
      .refine(
        (text) => text.split(',').every((one) => one.trim() === '' || URL.canParse(one.trim())),
        'URLs, with commas',
      )
      .default('')
      .describe('Where callbacks may go'),
    resultKeptMs: z.coerce.number().int().min(1_000).default(3_600_000),
  })
  .prefault({})

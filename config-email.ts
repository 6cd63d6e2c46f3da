import { z } from 'zod'

/** The SMTP server and whom mails come from; a part of config.ts. */
const address = z.string().regex(/^[^\r\n]+@[^\r\n]+$/, 'an address, e.g. Holdpoint <holdpoint@example.org>')

export const emailConfig = z
  .strictObject({
    url: z
      .url({ protocol: /^smtps?$/ })
      .optional()
      .describe('smtp://user:password@host:587 or smtps://…; instead of host, port, secure, user and password'),
    host: z.string().min(1).optional(),
    port: z.coerce.number().int().min(1).max(65_535).optional(),
    secure: z
      .union([z.boolean(), z.stringbool()])
      .default(false)
      .describe('TLS from the first byte; otherwise STARTTLS, without which nothing is sent'),
    user: z.string().optional(),
    password: z.string().optional(),
    from: address.optional(),
    replyTo: address.optional(),
    ca: z.string().min(1).optional(),
  })
  .prefault({})

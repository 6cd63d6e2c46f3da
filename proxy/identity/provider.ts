import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose'
import { z } from 'zod'
import type { ProviderConfig } from '../../config.ts'
import type { Log } from '../../log.ts'
import { AuthenticationError } from './errors.ts'

/**
 * One OpenID provider as a source of keys: found by discovery once, its key set kept, asked again when a token names a
 * key that is not in it (at most every half minute) and otherwise when the set is ten minutes old. A provider that is
 * down keeps nobody out whose key is known, for a day.
 * https://openid.net/specs/openid-connect-discovery-1_0.html
 */
export interface Provider {
  readonly config: ProviderConfig
  readonly key: JWTVerifyGetKey
}

const TIMEOUT_MS = 5_000
const COOLDOWN_MS = 30_000
const FRESH_MS = 10 * 60_000
const TRUSTED_MS = 24 * 3_600_000
const DOCUMENT_BYTES_MAX = 256 * 1024

const discoveryDocument = z.object({ issuer: z.string(), jwks_uri: z.url() })

type KeySet = ReturnType<typeof createRemoteJWKSet>

export function createProvider(config: ProviderConfig, log: Log, now: () => number): Provider {
  let opening: Promise<KeySet> | null = null
  let confirmedAt = Number.NEGATIVE_INFINITY
  let askedAt = Number.NEGATIVE_INFINITY

  const open = (): Promise<KeySet> => {
    opening ??= keySet(config).catch((cause: unknown) => {
      opening = null
      throw unavailable(config, cause)
    })
    return opening
  }

  const confirm = async (keys: KeySet): Promise<void> => {
    if (now() - confirmedAt < FRESH_MS) return
    if (now() - askedAt >= COOLDOWN_MS || confirmedAt === Number.NEGATIVE_INFINITY) {
      askedAt = now()
      try {
        await keys.reload()
        confirmedAt = now()
        return
      } catch (cause) {
        log.warn({ issuer: config.issuer, err: cause }, 'the provider’s keys could not be fetched')
      }
    }
    if (now() - confirmedAt >= TRUSTED_MS) throw unavailable(config)
  }

  return {
    config,
    key: async (header, token) => {
      const keys = await open()
      await confirm(keys)
      try {
        return await keys(header, token)
      } catch (cause) {
        // A key that is not in the set is the token's fault; anything else is the provider's.
        if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWKSMultipleMatchingKeys) throw cause
        throw unavailable(config, cause)
      }
    },
  }
}

async function keySet(config: ProviderConfig): Promise<KeySet> {
  const uri = secure(config.jwksUri ?? (await discover(config.issuer)))
  // The age is ours to judge (see above), so the set itself never counts as stale.
  return createRemoteJWKSet(uri, {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: Number.POSITIVE_INFINITY,
  })
}

async function discover(issuer: string): Promise<string> {
  const url = secure(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) })
  const text = await response.text()
  if (!response.ok || text.length > DOCUMENT_BYTES_MAX) throw new Error(`discovery answered ${response.status}`)
  const document = discoveryDocument.parse(JSON.parse(text))
  if (document.issuer !== issuer) throw new Error('the discovery document is of another issuer')
  return document.jwks_uri
}

/** Keys that came over plain HTTP are anybody's; the machine itself is the exception. */
function secure(address: string): URL {
  const url = new URL(address)
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  if (url.protocol !== 'https:' && !loopback) throw new Error('a provider’s address must be https')
  return url
}

function unavailable({ issuer }: ProviderConfig, cause?: unknown): AuthenticationError {
  return new AuthenticationError('unavailable', `The identity provider ${issuer} cannot be reached.`, {
    cause,
    hint: 'Try again in a moment',
  })
}

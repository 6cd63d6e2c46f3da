import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import type { Identity } from '../../policies/input.ts'
import { identityOf } from './claims.ts'
import { AuthenticationError } from './errors.ts'
import type { Provider } from './provider.ts'

/**
 * A JSON Web Token as proof of who asks: RFC 9068 for access tokens, RFC 8725 for what to be careful about. Nothing is
 * believed before the signature, but the issuer, which only picks the keys.
 */
const TOKEN_BYTES_MAX = 16 * 1024
const SKEW_SECONDS = 30
/** Kinds that are not for showing at a door (logout+jwt, dpop+jwt, …) say so in `typ`. */
const TYPES = new Set(['at+jwt', 'application/at+jwt', 'jwt', undefined])

export interface VerifyOptions {
  readonly providers: ReadonlyMap<string, Provider>
  readonly now: () => number
}

/** @throws AuthenticationError bad_credential with a reason that the bearer may know, or unavailable */
export async function verifyToken(token: string, { providers, now }: VerifyOptions): Promise<Identity> {
  const provider = providerOf(token, providers)
  const { issuer, audience, algorithms } = provider.config
  let payload: JWTPayload
  try {
    const verified = await jwtVerify(token, provider.key, {
      issuer,
      audience,
      algorithms: [...algorithms],
      clockTolerance: SKEW_SECONDS,
      currentDate: new Date(now()),
      requiredClaims: ['exp', 'sub'],
    })
    payload = verified.payload
  } catch (cause) {
    throw refusal(cause)
  }
  // Clocks may differ about the beginning; a session ends at the token's expiry, so there the tolerance has no use.
  if ((payload.exp as number) * 1000 <= now()) throw refuse('The token has expired. Fetch a new one.')
  if (payload.cnf !== undefined) throw refuse('The token is bound to a key (cnf) that cannot be shown here.')
  return identityOf(payload, provider.config)
}

export const looksLikeJwt = (token: string): boolean => /^[\w-]+\.[\w-]*\.[\w-]*$/.test(token)

function providerOf(token: string, providers: ReadonlyMap<string, Provider>): Provider {
  if (token.length > TOKEN_BYTES_MAX) throw refuse('The token is larger than 16 kB.')
  let issuer: string | undefined
  let type: string | undefined
  try {
    issuer = decodeJwt(token).iss
    type = decodeProtectedHeader(token).typ?.toLowerCase()
  } catch (cause) {
    throw refuse('The token cannot be read.', cause)
  }
  if (!TYPES.has(type)) throw refuse('The token is not an access token.')
  const provider = issuer === undefined ? undefined : providers.get(issuer)
  if (provider === undefined) throw refuse('The token’s issuer is not one that is trusted here.')
  return provider
}

function refusal(cause: unknown): AuthenticationError {
  if (cause instanceof AuthenticationError) return cause
  if (cause instanceof errors.JWTExpired) return refuse('The token has expired. Fetch a new one.', cause)
  if (cause instanceof errors.JWTClaimValidationFailed) return refuse(claimSentence(cause.claim), cause)
  if (cause instanceof errors.JOSEAlgNotAllowed) return refuse('The token’s algorithm is not allowed here.', cause)
  if (cause instanceof errors.JWKSNoMatchingKey)
    return refuse('The token’s key is not one that its issuer publishes.', cause)
  return refuse('The token’s signature is not valid.', cause)
}

function claimSentence(claim: string): string {
  if (claim === 'aud') return 'The token is meant for someone else (aud).'
  if (claim === 'nbf') return 'The token is not valid yet (nbf).'
  return `The token’s ${claim} claim is missing or not acceptable.`
}

function refuse(message: string, cause?: unknown): AuthenticationError {
  return new AuthenticationError('bad_credential', message, { cause })
}

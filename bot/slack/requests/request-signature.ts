import { createHmac, timingSafeEqual } from 'node:crypto'
import type { SeenRequests } from './seen-requests.ts'

/**
 * Whether a request comes from Slack, now, and for the first time. docs.slack.dev/authentication/verifying-requests-from-slack
 *
 * Bolt's own check lets a timestamp from the future pass and a request be sent again; this one does neither. What was
 * seen is remembered, for all replicas, for as long as its timestamp stays acceptable.
 */
export type SignatureRefusal = 'unsigned' | 'too_old' | 'too_new' | 'wrong_signature' | 'replayed' | 'too_many'

export interface SignedRequest {
  readonly signature: string | undefined
  readonly timestamp: string | undefined
  /** The bytes as they came; a parsed and printed body has another signature. */
  readonly body: Buffer
}

const WINDOW_S = 5 * 60
/** A timestamp may lie a window ahead of the clock and stays acceptable for a window after that. */
const REPLAYABLE_MS = 2 * WINDOW_S * 1_000 + 1_000

/** @returns null when the request may be believed. Throws StateError when that cannot be told. */
export function createSignatureCheck(options: {
  readonly signingSecret: string
  readonly seen: SeenRequests
  readonly now: () => number
}): (request: SignedRequest) => Promise<SignatureRefusal | null> {
  const { signingSecret, seen, now } = options
  return async (request) => {
    const refusal = refusalOf(request, signingSecret, now() / 1_000)
    if (refusal !== null) return refusal
    const claimed = await seen.claim(`signature ${request.signature}`, REPLAYABLE_MS)
    if (claimed === 'first') return null
    return claimed === 'again' ? 'replayed' : 'too_many'
  }
}

function refusalOf(request: SignedRequest, signingSecret: string, nowS: number): SignatureRefusal | null {
  const { signature, timestamp, body } = request
  if (signature === undefined || timestamp === undefined) return 'unsigned'
  if (!/^\d{1,12}$/.test(timestamp) || !/^v0=[0-9a-f]{64}$/.test(signature)) return 'unsigned'
  if (Number(timestamp) < nowS - WINDOW_S) return 'too_old'
  if (Number(timestamp) > nowS + WINDOW_S) return 'too_new'
  const expected = createHmac('sha256', signingSecret).update(`v0:${timestamp}:`).update(body).digest()
  return timingSafeEqual(expected, Buffer.from(signature.slice(3), 'hex')) ? null : 'wrong_signature'
}

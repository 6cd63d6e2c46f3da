import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * Whether a request comes from Slack, now, and for the first time. docs.slack.dev/authentication/verifying-requests-from-slack
 *
 * Bolt's own check lets a timestamp from the future pass and a request be sent again; this one does neither. What was
 * seen is remembered for as long as its timestamp stays acceptable, in this process; a vote counts once in any case.
 */
export type SignatureRefusal = 'unsigned' | 'too_old' | 'too_new' | 'wrong_signature' | 'replayed' | 'too_many'

export interface SignedRequest {
  readonly signature: string | undefined
  readonly timestamp: string | undefined
  /** The bytes as they came; a parsed and printed body has another signature. */
  readonly body: Buffer
}

const WINDOW_S = 5 * 60
/** Far more than Slack sends in ten minutes; beyond it a replay could no longer be told. */
const REMEMBERED_MAX = 100_000

export function createSignatureCheck(
  signingSecret: string,
  now: () => number,
): (request: SignedRequest) => SignatureRefusal | null {
  const seen = new Map<string, number>()
  return (request) => {
    const nowS = now() / 1_000
    const refusal = refusalOf(request, signingSecret, nowS)
    if (refusal !== null) return refusal
    forget(seen, nowS)
    const signature = request.signature as string
    if (seen.has(signature)) return 'replayed'
    if (seen.size >= REMEMBERED_MAX) return 'too_many'
    // Its timestamp may lie a window ahead of the clock and stays acceptable for a window after that.
    seen.set(signature, nowS + 2 * WINDOW_S)
    return null
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

/** A Map keeps the order of insertion, so the oldest come first. */
function forget(seen: Map<string, number>, nowS: number): void {
  for (const [signature, until] of seen) {
    if (until > nowS) return
    seen.delete(signature)
  }
}

import { type FramerLimits, framerLimits } from './framer-limits.ts'

/**
 * The first byte of every message after startup.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export const frontend = {
  bind: 0x42, // B
  close: 0x43, // C
  copyData: 0x64, // d
  copyDone: 0x63, // c
  copyFail: 0x66, // f
  describe: 0x44, // D
  execute: 0x45, // E
  flush: 0x48, // H
  functionCall: 0x46, // F
  parse: 0x50, // P
  password: 0x70, // p
  query: 0x51, // Q
  sync: 0x53, // S
  terminate: 0x58, // X
} as const

export const backend = {
  authentication: 0x52, // R
  backendKeyData: 0x4b, // K
  bindComplete: 0x32, // 2
  closeComplete: 0x33, // 3
  commandComplete: 0x43, // C
  copyBothResponse: 0x57, // W
  copyData: 0x64, // d
  copyDone: 0x63, // c
  copyInResponse: 0x47, // G
  copyOutResponse: 0x48, // H
  dataRow: 0x44, // D
  emptyQueryResponse: 0x49, // I
  errorResponse: 0x45, // E
  functionCallResponse: 0x56, // V
  negotiateProtocolVersion: 0x76, // v
  noData: 0x6e, // n
  noticeResponse: 0x4e, // N
  notificationResponse: 0x41, // A
  parameterDescription: 0x74, // t
  parameterStatus: 0x53, // S
  parseComplete: 0x31, // 1
  portalSuspended: 0x73, // s
  readyForQuery: 0x5a, // Z
  rowDescription: 0x54, // T
} as const

const SMALL_BYTES_MAX = 10_000
const PASSWORD_BYTES_MAX = 65_535

const large: ReadonlySet<number> = new Set([
  frontend.bind,
  frontend.copyData,
  frontend.functionCall,
  frontend.parse,
  frontend.query,
])
const known: ReadonlySet<number> = new Set(Object.values(frontend))

/** What PostgreSQL allows a client's message of this type to declare, or null for a type it does not know. */
function frontendBytesMax(type: number, messageBytesMax: number): number | null {
  if (large.has(type)) return messageBytesMax
  if (type === frontend.password) return Math.min(PASSWORD_BYTES_MAX, messageBytesMax)
  return known.has(type) ? Math.min(SMALL_BYTES_MAX, messageBytesMax) : null
}

const DECLARED_BYTES_MAX = 0x7fff_ffff
const backendKnown: ReadonlySet<number> = new Set(Object.values(backend))

/** Rows and COPY data may be as large as the server makes them, because they pass through without being joined. */
function backendBytesMax(type: number, messageBytesMax: number): number | null {
  if (type === backend.dataRow || type === backend.copyData) return DECLARED_BYTES_MAX
  return backendKnown.has(type) ? messageBytesMax : null
}

const made = new Map<string, FramerLimits>()

/** For what clients or servers send, where no message is joined that is larger than this. */
export function limitsFor(sender: 'client' | 'server', messageBytesMax: number): FramerLimits {
  const key = `${sender} ${messageBytesMax}`
  const known = made.get(key)
  if (known !== undefined) return known
  const bytesMax = sender === 'client' ? frontendBytesMax : backendBytesMax
  const limits = framerLimits(messageBytesMax, (type) => bytesMax(type, messageBytesMax))
  made.set(key, limits)
  return limits
}

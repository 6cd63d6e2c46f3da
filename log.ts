import { type Logger, pino, type StreamEntry } from 'pino'

/**
 * Structured logs: one JSON object a line, to stderr or a file, never to stdout, which belongs to what a command
 * answers. What must not be logged is left out by whoever logs; the list below catches what slips through, by name and
 * at any of the depths that objects here have.
 */
export type Log = Logger

const SECRET_NAMES = [
  'password',
  'token',
  'secret',
  'authorization',
  'cookie',
  'clientSecret',
  'botToken',
  'signingSecret',
  'sessionSecret',
  'connectionString',
  'redisUrl',
  'parameters',
]

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** A file to append to; stderr when left out. */
  readonly file?: string | undefined
  /** Which process of the tree speaks: supervisor, proxy-1, … */
  readonly process: string
}

export function openLog(options: LogOptions): Log {
  return pino(
    {
      level: options.level,
      base: { process: options.process },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError },
      redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    },
    destination(options),
  )
}

/** Without `detail`, `where` and whatever else an error carries: a database's errors quote the row they failed on. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  const cause = error.cause === undefined ? undefined : describeError(error.cause)
  return { type: error.name, code, message: error.message, stack: error.stack, cause }
}

function destination({ file }: LogOptions): StreamEntry['stream'] {
  // Synchronous, so that the last lines before an exit are there; what is logged is rare by design.
  return pino.destination(file === undefined ? { dest: 2, sync: true } : { dest: file, sync: true, mode: 0o600 })
}

import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

/**
 * MCP over stdio for clients that start their servers: each line is handed to the endpoint over HTTP with a token, and
 * what it answers is written back. The tools, the Tasks and all that is decided are the endpoint's.
 * https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
 */
export interface BridgeOptions {
  /** Of the endpoint, …/mcp. */
  readonly url: string
  readonly token: string
  readonly input: Readable
  readonly output: Writable
  readonly fetch?: typeof fetch
}

interface Message {
  readonly jsonrpc: '2.0'
  readonly id?: string | number
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
}

const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion'
/** JSON-RPC's own codes: https://www.jsonrpc.org/specification#error_object */
const PARSE_ERROR = -32_700
const INTERNAL_ERROR = -32_603

/** Resolves when the client has closed its end and everything has been answered. */
export async function bridge(options: BridgeOptions): Promise<void> {
  const under = new Set<Promise<void>>()
  const state: Negotiated = { version: null }
  for await (const line of createInterface({ input: options.input })) {
    if (line.trim() === '') continue
    const message = parsed(line)
    if (message === null) write(options.output, failure(null, PARSE_ERROR, 'This line is not JSON'))
    else {
      const work = forward(message, options, state).finally(() => under.delete(work))
      under.add(work)
    }
  }
  await Promise.all(under)
}

/** What an older client agreed on when it began; newer ones say it with every request. */
interface Negotiated {
  version: string | null
}

async function forward(message: Message, options: BridgeOptions, state: Negotiated): Promise<void> {
  try {
    const response = await (options.fetch ?? fetch)(options.url, {
      method: 'POST',
      headers: headersOf(message, options.token, state),
      body: JSON.stringify(message),
    })
    for await (const answer of messagesOf(response)) {
      if (message.method === 'initialize') state.version = versionIn(answer)
      write(options.output, answer)
    }
  } catch {
    // What failed may name addresses; whoever runs this finds it with curl.
    if (message.id !== undefined)
      write(options.output, failure(message.id, INTERNAL_ERROR, 'Holdpoint does not answer'))
  }
}

function headersOf({ method, params }: Message, token: string, { version }: Negotiated): Record<string, string> {
  const meta = params?._meta as Readonly<Record<string, unknown>> | undefined
  const said = meta?.[VERSION_KEY] ?? version
  const name = params?.name ?? params?.uri ?? params?.taskId
  return {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(typeof said === 'string' ? { 'mcp-protocol-version': said } : {}),
    ...(method === undefined ? {} : { 'mcp-method': method }),
    ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
  }
}

/** Of a JSON body, or of each event of a stream, as it comes. */
async function* messagesOf(response: Response): AsyncGenerator<unknown> {
  if ((response.headers.get('content-type') ?? '').startsWith('text/event-stream')) {
    let rest = ''
    const decoder = new TextDecoder()
    for await (const bytes of response.body ?? []) {
      const events = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n\r?\n/)
      rest = events.pop() ?? ''
      for (const event of events) yield* dataOf(event)
    }
    return
  }
  const text = await response.text()
  if (text === '') return
  const body = JSON.parse(text) as { readonly jsonrpc?: string; readonly detail?: string }
  if (body.jsonrpc === '2.0') yield body
  else throw new Error(`the endpoint refused: ${response.status}`)
}

function* dataOf(event: string): Generator<unknown> {
  const lines = event.split(/\r?\n/).filter((line) => line.startsWith('data:'))
  const data = lines.map((line) => line.slice(5).trimStart()).join('\n')
  if (data !== '') yield JSON.parse(data)
}

function versionIn(answer: unknown): string | null {
  const { result } = answer as { readonly result?: { readonly protocolVersion?: unknown } }
  return typeof result?.protocolVersion === 'string' ? result.protocolVersion : null
}

function parsed(line: string): Message | null {
  try {
    return JSON.parse(line) as Message
  } catch {
    return null
  }
}

function failure(id: string | number | null, code: number, message: string) {
  return { jsonrpc: '2.0', id, error: { code, message } }
}

function write(output: Writable, message: unknown): void {
  output.write(`${JSON.stringify(message)}\n`)
}

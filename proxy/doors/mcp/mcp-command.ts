import { readFileSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { Command } from 'commander'
import type { CommonOptions } from '../../../command-line.ts'
import { HoldpointError } from '../../../errors.ts'
import { bridge } from './stdio-bridge.ts'

/** `holdpoint mcp`: what an MCP client starts as its server, on stdin and stdout. */
export interface McpCommandOptions {
  /** HOLDPOINT_TOKEN. */
  readonly token: string | undefined
  /** Of the doors, as far as a configuration says so. */
  readonly doorsUrl: (options: CommonOptions) => string | undefined
  readonly input: Readable
  readonly output: Writable
}

class McpCommandError extends HoldpointError {
  readonly code: 'no_token' | 'no_url'

  constructor(code: 'no_token' | 'no_url', message: string, hint: string) {
    super(message, { hint })
    this.code = code
  }
}

interface Flags extends CommonOptions {
  readonly url?: string
  readonly tokenFile?: string
}

export function mcpCommand({ token, doorsUrl, input, output }: McpCommandOptions): Command {
  return new Command('mcp')
    .description('an MCP server on stdin and stdout, for clients that start theirs')
    .option('--url <url>', 'the endpoint, e.g. http://127.0.0.1:8081/mcp')
    .option('--token-file <file>', 'where the token is, instead of HOLDPOINT_TOKEN')
    .action(async (_options: object, self: Command) => {
      const flags = self.optsWithGlobals<Flags>()
      const base = doorsUrl(flags)
      const url = flags.url ?? (base === undefined ? undefined : `${base}/mcp`)
      if (url === undefined)
        throw new McpCommandError('no_url', 'Where Holdpoint is, is not known.', 'Give it with --url')
      await bridge({ url, token: tokenOf(flags, token), input, output })
    })
}

function tokenOf({ tokenFile }: Flags, token: string | undefined): string {
  const found = tokenFile === undefined ? token : readFileSync(tokenFile, 'utf8').trim()
  if (found !== undefined && found !== '') return found
  throw new McpCommandError('no_token', 'There is no token.', 'Set HOLDPOINT_TOKEN, or name a file with --token-file')
}

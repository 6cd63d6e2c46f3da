import { resolve } from 'node:path'
import type { Ports } from './ports.ts'

/** What `start` prints when all is ready: for people, or as the one line of JSON that scripts read. */
export interface Started {
  readonly pid: number
  readonly ports: Ports
  readonly console: string
  /** HTTP API and MCP. */
  readonly doors: string
  readonly issuer: string
  readonly dataFolder: string
  readonly passwordFile: string
  /** The sample database itself, not through the proxy. */
  readonly upstream: string
  readonly identities: readonly StartedIdentity[]
}

export interface StartedIdentity {
  readonly name: string
  readonly kind: 'human' | 'service' | 'agent'
  readonly groups: readonly string[]
  readonly actsFor: string | null
  /** A URL with a working credential. */
  readonly postgres: string
  /** For API, console and command line. */
  readonly token: string
}

export function summaryAsJson({ pid, console, doors, upstream, identities }: Started): string {
  const urls = { console, api: `${console}/api`, http: `${doors}/v1`, mcp: `${doors}/mcp` }
  return JSON.stringify({ ready: true, pid, ...urls, upstream, identities })
}

export function summaryForPeople(started: Started): string {
  const { ports, console, doors, issuer, dataFolder } = started
  return `
  Holdpoint is ready. DEVELOPMENT ONLY: sample data, and anyone may be anyone.

  proxy        127.0.0.1:${ports.proxy}   database shop, TLS or plain
  console      ${console}
  HTTP API     ${doors}/v1   described at ${doors}/openapi.json
  MCP          ${doors}/mcp
  identities   ${issuer}   ana, ben, cleo; report-bot acts for ana
  data         ${dataFolder}

  Connect as a person, ana:
    ${psql(started, 'ana')}
  Connect as an agent that acts for her:
    ${psql(started, 'report-bot')}
  Answer what is held, as ben or cleo:
    ${console}

  Ctrl-C ends everything. npm start finds the same data again; npm start -- --reset begins anew.
`
}

function psql({ ports, passwordFile }: Started, user: string): string {
  return `PGPASSFILE=${quoted(resolve(passwordFile))} psql -h 127.0.0.1 -p ${ports.proxy} -U ${user} shop`
}

const quoted = (path: string): string => (/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`)

import type { TargetConfig } from '../../../config.ts'
import { loadConfig } from '../../../config.ts'
import { HoldpointError } from '../../../errors.ts'
import { openLog } from '../../../log.ts'
import type { Identity } from '../../../policies/input.ts'
import type { Credential, SessionDependencies } from '../../../proxy/session/dependencies.ts'
import { createSessionServer, type SessionServer } from '../../../proxy/session/serve.ts'
import { freshDatabase } from '../../harness/database.ts'
import { ana, ScriptedGate } from './scripted-gate.ts'
import { StubHolds } from './stub-holds.ts'
import { StubTrail } from './stub-trail.ts'

class Refused extends HoldpointError {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export interface TestServer extends AsyncDisposable {
  readonly server: SessionServer
  readonly port: number
  readonly gate: ScriptedGate
  readonly holds: StubHolds
  readonly trail: StubTrail
  /** Of the database itself. */
  readonly direct: string
  /** Of the same database through the session server, as ana. */
  readonly through: string
  readonly target: TargetConfig
  readonly cancelledElsewhere: Buffer[]
  readonly credentials: Credential[]
}

export interface TestServerOptions {
  readonly overrides?: Readonly<Record<string, unknown>>
  readonly identity?: Partial<Identity>
  readonly dependencies?: Partial<SessionDependencies>
  readonly target?: Partial<TargetConfig>
}

/** A session server in front of a database of its own; its gate, holds and trail do as the test says. */
export async function sessionServer(options: TestServerOptions = {}): Promise<TestServer> {
  const database = await freshDatabase()
  const target = { ...targetOf(database.url), ...options.target }
  const [gate, holds, trail] = [new ScriptedGate(), new StubHolds(), new StubTrail()]
  const cancelledElsewhere: Buffer[] = []
  const credentials: Credential[] = []
  const server = createSessionServer({
    gate,
    holds,
    trail,
    targets: [target],
    config: loadConfig({}, { 'proxy.port': 0, ...options.overrides }),
    log: openLog({ level: 'silent', process: 'test' }),
    statusUrl: (hold) => `http://console.test/holds/${hold}`,
    cancelElsewhere: (key) => void cancelledElsewhere.push(key),
    authenticate: async (credential) => {
      credentials.push(credential)
      if (credential.password !== 'open sesame') throw new Refused('bad_credential', 'The token is not valid')
      if (credential.database !== 'shop') throw new Refused('unknown_target', 'There is no such target')
      return { identity: { ...ana, ...options.identity }, target }
    },
    ...options.dependencies,
  })
  const { port } = await server.listen()
  return {
    server,
    port,
    gate,
    holds,
    trail,
    target,
    cancelledElsewhere,
    credentials,
    direct: database.url,
    through: `postgres://ana:open%20sesame@127.0.0.1:${port}/shop`,
    [Symbol.asyncDispose]: async () => {
      await server.close()
      await database[Symbol.asyncDispose]()
    },
  }
}

function targetOf(url: string): TargetConfig {
  const { hostname, port, username, password, pathname } = new URL(url)
  return {
    name: 'prod/shop',
    environment: 'production',
    host: hostname,
    port: Number(port),
    database: pathname.slice(1),
    user: username,
    password,
    tls: 'disable',
  }
}

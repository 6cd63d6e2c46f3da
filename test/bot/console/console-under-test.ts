import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type pg from 'pg'
import { pino } from 'pino'
import type { ConsoleParts, SlackLinks } from '../../../bot/console/parts.ts'
import { createConsole } from '../../../bot/console/server.ts'
import { loadConfig } from '../../../config.ts'
import { createAuthenticator } from '../../../proxy/identity/authenticate.ts'
import { mintToken } from '../../../workflows/development/development-tokens.ts'
import { freePort } from '../../../workflows/development/free-port.ts'
import { startIdentityProvider } from '../../../workflows/development/identity-provider.ts'
import { loadProviderKeys } from '../../../workflows/development/provider-keys.ts'
import { createDirectory, type Directory } from '../../../workflows/directory/directory.ts'
import { createHolds, type KeptHolds } from '../../../workflows/holds/holds.ts'
import { createSeal, resultSecret } from '../../../workflows/results/seal.ts'
import { migrate } from '../../../workflows/state/migrate.ts'
import { openState } from '../../../workflows/state/state.ts'
import { freshDatabase } from '../../harness/database.ts'
import { idleQueues } from '../../workflows/stage.ts'

/** The console as it ships, listening, on a database of its own and with a real OpenID provider to sign in at. */
export interface ConsoleUnderTest extends AsyncDisposable {
  readonly server: FastifyInstance
  /** For another one on the same state, as after a restart. */
  readonly parts: ConsoleParts
  readonly origin: string
  readonly issuer: string
  readonly holds: KeptHolds
  readonly directory: Directory
  readonly pool: pg.Pool
  readonly logged: readonly string[]
  /** Moves the console's clock forwards. */
  pass(ms: number): void
  /** A token of someone in the development provider, as `start` prints it. */
  token(name: string, scope?: string): Promise<string>
}

export interface ConsoleOptions {
  readonly slackLinks?: SlackLinks
  /** Which example rows somebody may see. */
  readonly examplesFor?: ConsoleParts['examplesFor']
  /** The group whose members pin releases. */
  readonly administrators?: string
}

export async function startConsole({
  slackLinks,
  administrators,
  examplesFor,
}: ConsoleOptions = {}): Promise<ConsoleUnderTest> {
  const stack = new AsyncDisposableStack()
  const database = stack.use(await freshDatabase())
  const pool = openState(database.url)
  stack.defer(() => pool.end())
  await migrate(pool)
  const data = mkdtempSync(join(tmpdir(), 'holdpoint-console-'))
  stack.defer(() => rmSync(data, { recursive: true, force: true }))
  let passed = 0
  const now = (): number => Date.now() + passed
  const logged: string[] = []
  const log = pino({ level: 'debug' }, { write: (line) => void logged.push(line) })

  const [port, providerPort] = [await freePort(), await freePort()]
  const origin = `http://127.0.0.1:${port}`
  const issuer = `http://127.0.0.1:${providerPort}`
  const keys = await loadProviderKeys(data)
  const config = loadConfig(
    {},
    {
      mode: 'development',
      data,
      'console.port': port,
      ...(administrators === undefined ? {} : { 'releases.github.administrators': administrators }),
      'console.publicUrl': origin,
      'identity.providers': [{ issuer, audience: 'holdpoint', algorithms: ['ES256'] }],
    },
  )
  const provider = await startIdentityProvider({ config, port: providerPort, keys, log })
  stack.defer(() => provider.close())

  const directory = createDirectory(pool)
  const seal = () => createSeal(resultSecret(undefined, data))
  const holds = stack.use(createHolds({ pool, queues: idleQueues, pendingMax: 1_000, now, log, seal }))
  const { authenticateToken } = createAuthenticator({
    providers: config.identity.providers,
    targets: [],
    directory,
    serviceTokens: { verify: async () => null },
    log,
    now: Date.now,
  })
  const readers = examplesFor === undefined ? {} : { examplesFor }
  const parts = { config, holds, directory, pool, authenticateToken, log, now, ...readers }
  const server = await createConsole(slackLinks === undefined ? parts : { ...parts, slackLinks })
  stack.defer(() => server.close())
  await server.listen({ host: '127.0.0.1', port })
  return {
    server,
    parts,
    origin,
    issuer,
    holds,
    directory,
    pool,
    logged,
    pass: (ms) => {
      passed += ms
    },
    token: (name, scope = 'openid') => mintToken(name, { issuer, keys, now: Date.now, scope }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

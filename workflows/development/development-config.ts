import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Config, loadConfig } from '../../config.ts'
import type { CertificateFiles } from './certificate.ts'
import { type Secrets, writePrivately } from './data-folder.ts'
import { AUDIENCE } from './development-tokens.ts'
import type { Ports } from './ports.ts'

/** What the processes of the tree and the other commands read: what was given, completed with what this start made. */
export interface DevelopmentConfig {
  readonly given: Config
  readonly dataFolder: string
  readonly ports: Ports
  readonly secrets: Secrets
  readonly certificate: CertificateFiles
}

export const SHOP_TARGET = 'prod/shop'
export const CONFIG_FILE = 'config.json'

/** Written to the data folder and read back, so that what is checked is what the others will read. */
export function writeDevelopmentConfig(options: DevelopmentConfig): Config {
  const file = join(options.dataFolder, CONFIG_FILE)
  writePrivately(file, JSON.stringify(complete(options), null, 2))
  return loadConfig({}, {}, file)
}

function complete({ given, dataFolder, ports, secrets, certificate }: DevelopmentConfig): Config {
  const { proxy, state, identity } = given
  return {
    ...given,
    mode: 'development',
    data: dataFolder,
    proxy: { ...proxy, host: '127.0.0.1', port: ports.proxy, tls: { ...certificate, ...proxy.tls } },
    targets: [shopTarget(ports, secrets), ...given.targets],
    state: { ...state, url: `postgres://holdpoint:${secrets.holdpoint}@127.0.0.1:${ports.postgres}/holdpoint` },
    identity: { ...identity, providers: [developmentProvider(ports), ...identity.providers] },
    policies: { ...given.policies, path: policiesPath(given.policies.path) },
    doors: {
      ...given.doors,
      host: '127.0.0.1',
      port: ports.doors,
      publicUrl: given.doors.publicUrl ?? `http://127.0.0.1:${ports.doors}`,
    },
    console: {
      ...given.console,
      host: '127.0.0.1',
      port: ports.console,
      publicUrl: given.console.publicUrl ?? `http://127.0.0.1:${ports.console}`,
      issuer: issuerOf(ports),
      sessionSecret: given.console.sessionSecret ?? secrets.consoleSession,
    },
  }
}

export const issuerOf = ({ idp }: Ports): string => `http://127.0.0.1:${idp}`

function shopTarget({ postgres }: Ports, { shop }: Secrets): Config['targets'][number] {
  return {
    name: SHOP_TARGET,
    // Called production so that the rules that matter can be tried.
    environment: 'production',
    host: '127.0.0.1',
    port: postgres,
    database: 'shop',
    user: 'shop',
    password: shop,
    tls: 'disable',
  }
}

function developmentProvider(ports: Ports): Config['identity']['providers'][number] {
  return {
    issuer: issuerOf(ports),
    audience: AUDIENCE,
    algorithms: ['ES256'],
    nameClaim: 'preferred_username',
    groupsClaim: 'groups',
  }
}

/** The folder that was named, else the checkout's own, from wherever the command is run. */
function policiesPath(path: string): string {
  const here = resolve(path)
  return existsSync(here) ? here : resolve(import.meta.dirname, '..', '..', path)
}

import { readFileSync } from 'node:fs'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { doorsConfig } from './config-doors.ts'
import { emailConfig } from './config-email.ts'
import { holdsConfig } from './config-holds.ts'
import { slackConfig } from './config-slack.ts'
import { target } from './config-target.ts'
import { HoldpointError } from './errors.ts'
import { addressesIn, isAddressOrNetwork } from './forwarded.ts'
import { gitHubReleases } from './release-settings.ts'

/**
 * One typed, validated configuration, read once at boot; nothing else reads the environment. Sources, later ones win:
 * defaults, the file (YAML, or the JSON `start` writes), the environment, the command line. All problems are reported
 * at once and no value is ever shown.
 */
export class ConfigError extends HoldpointError {
  readonly code = 'config_invalid'
}

const port = z.coerce.number().int().min(0).max(65_535)
const milliseconds = z.coerce.number().int().min(1)
const bytes = z.coerce.number().int().min(1)
const flag = z.union([z.boolean(), z.stringbool()])
const trustedProxies = z
  .string()
  .refine((text) => addressesIn(text).every(isAddressOrNetwork), 'addresses or networks (10.0.0.0/8), with commas')
  .default('')
  .describe('Load balancers in front of the console and the doors, whose X-Forwarded-For is believed')
const pemPath = z.string().min(1)

const provider = z.strictObject({
  issuer: z.url().describe('Exactly as in the tokens’ iss claim'),
  audience: z.string().min(1).describe('Tokens must be meant for this audience'),
  jwksUri: z.url().optional().describe('Found by OpenID discovery when left out'),
  algorithms: z
    .array(z.enum(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']))
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA']),
  nameClaim: z.string().default('preferred_username'),
  groupsClaim: z.string().default('groups'),
})

const schema = z.strictObject({
  mode: z.enum(['development', 'production']).default('production'),
  data: z.string().default('.holdpoint').describe('Folder for the journal, caches and, in development, the databases'),
  log: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info') }).prefault({}),
  proxy: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      port: port.default(6432),
      workers: z.coerce.number().int().min(1).max(64).default(1),
      tls: z
        .strictObject({
          cert: pemPath.optional(),
          key: pemPath.optional(),
          required: flag
            .default(false)
            .describe('Refuse plain connections from loopback too; others are always refused plain'),
        })
        .prefault({}),
      messageBytesMax: bytes.default(64 * 1024 * 1024),
      sessionsMax: z.coerce.number().int().min(1).default(10_000),
      authenticationTimeoutMs: milliseconds.default(30_000),
    })
    .prefault({}),
  targets: z.array(target).default([]),
  state: z.strictObject({ url: z.string().default(''), redisUrl: z.string().optional() }).prefault({}),
  identity: z
    .strictObject({
      providers: z.array(provider).default([]),
      failuresPerMinute: z.coerce.number().int().min(1).default(100),
      scopesRequired: flag.default(false),
      trustedProxies,
    })
    .prefault({}),
  drainMs: milliseconds
    .default(10_000)
    .describe('How long what is under way may take to end when Holdpoint is told to; then it is cut off'),
  policies: z.strictObject({ path: z.string().default('policies') }).prefault({}),
  releases: z.strictObject({ github: gitHubReleases }).prefault({}),
  opa: z
    .strictObject({
      path: z.string().optional(),
      mirror: z.url().default('https://github.com/open-policy-agent/opa/releases/download'),
    })
    .prefault({}),
  holds: holdsConfig,
  trail: z
    .strictObject({
      durability: z
        .enum(['process', 'disk'])
        .default('process')
        .describe('process: survives kill -9; disk: fdatasync, survives power loss'),
      inputsKeptDays: z.coerce.number().int().min(2).default(90),
    })
    .prefault({}),
  console: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      port: port.default(8080),
      publicUrl: z.string().optional(),
      issuer: z.string().optional().describe('Where reviewers sign in; the first provider when left out'),
      clientId: z.string().default('holdpoint-console'),
      clientSecret: z.string().optional(),
      sessionSecret: z.string().optional().describe('At least 32 characters; kept in the data folder when left out'),
    })
    .prefault({}),
  doors: doorsConfig,
  email: emailConfig,
  slack: slackConfig.prefault({}),
})

export type Config = Readonly<z.infer<typeof schema>>
export type TargetConfig = Config['targets'][number]
export type ProviderConfig = Config['identity']['providers'][number]

type Tree = { [key: string]: unknown }
type Environment = Readonly<Record<string, string | undefined>>

/** Short names that people already know, beside the systematic HOLDPOINT_SECTION_KEY. */
const aliases: Readonly<Record<string, string>> = {
  HOLDPOINT_REDIS_URL: 'state.redisUrl',
  HOLDPOINT_STATE_URL: 'state.url',
  HOLDPOINT_OPA: 'opa.path',
}

/**
 * @param overrides values from the command line, by dotted path
 * @throws ConfigError naming every problem, and never a value
 */
export function loadConfig(env: Environment, overrides: Readonly<Record<string, unknown>> = {}, file?: string): Config {
  const tree: Tree = file === undefined ? {} : readFile(file)
  const variables = environmentPaths()
  for (const [name, value] of Object.entries(env)) {
    const path = variables.get(name)
    if (path !== undefined && value !== undefined && value !== '') assign(tree, path, value)
  }
  for (const [path, value] of Object.entries(overrides)) if (value !== undefined) assign(tree, path, value)
  const parsed = schema.safeParse(tree)
  if (parsed.success) return deepFreeze(parsed.data)
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'configuration'}: ${issue.message}`)
  throw new ConfigError(`Configuration:\n  ${problems.join('\n  ')}`, {
    hint: 'holdpoint doctor shows what is in force and where it came from',
  })
}

/** HOLDPOINT_PROXY_PORT → proxy.port, for every scalar of the schema; lists (targets, providers) live in the file. */
export function environmentPaths(): ReadonlyMap<string, string> {
  const paths = new Map(Object.entries(aliases))
  const walk = (node: z.ZodType, path: readonly string[]): void => {
    const inner = unwrap(node)
    if (inner instanceof z.ZodObject) {
      for (const [key, child] of Object.entries(inner.shape)) walk(child as z.ZodType, [...path, key])
    } else if (!(inner instanceof z.ZodArray)) {
      const name = path.map((part) => part.replaceAll(/([A-Z])/g, '_$1').toUpperCase()).join('_')
      paths.set(`HOLDPOINT_${name}`, path.join('.'))
    }
  }
  walk(schema, [])
  return paths
}

function unwrap(node: z.ZodType): z.ZodType {
  if (node instanceof z.ZodDefault || node instanceof z.ZodPrefault || node instanceof z.ZodOptional)
    return unwrap(node.unwrap() as z.ZodType)
  return node
}

function readFile(file: string): Tree {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new ConfigError(`Configuration: cannot read ${file}`, { cause, hint: 'Check the path and its permissions' })
  }
  try {
    return (parseYaml(text) as Tree | null) ?? {}
  } catch {
    // The parser's message quotes the line, which may hold a password.
    throw new ConfigError(`Configuration: ${file} is not valid YAML`)
  }
}

function assign(tree: Tree, path: string, value: unknown): void {
  const keys = path.split('.')
  const last = keys.pop() as string
  let node = tree
  for (const key of keys) {
    node[key] ??= {}
    node = node[key] as Tree
  }
  node[last] = value
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value)
    for (const child of Object.values(value)) deepFreeze(child)
  }
  return value
}

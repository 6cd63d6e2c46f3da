import { Command } from 'commander'
import { type CommonOptions, configFile, configOf, type Environment } from '../../command-line.ts'
import type { Config } from '../../config.ts'
import { ensureOpa, opaCacheFolder } from '../../policies/opa.ts'
import { usesReleases } from '../releases/uses-releases.ts'
import { type Check, type Finding, runChecks, wrong } from './check.ts'
import { stateCheck, targetCheck } from './database-checks.ts'
import { emailCheck } from './email-check.ts'
import { noticeCheck } from './notice-check.ts'
import { releaseCheck } from './release-checks.ts'
import { resultKeyCheck } from './result-key-check.ts'
import { type Setting, settingsInForce } from './sources.ts'
import { certificateCheck, policyCheck, portCheck, providerCheck, trailCheck } from './surroundings-checks.ts'

/** `holdpoint doctor`: what is in force, where it came from, and what is wrong with it. */
export function doctorCommand(env: Environment): Command {
  return new Command('doctor')
    .description('what is in force, where each value came from, and what is wrong')
    .option('--json', 'one JSON object')
    .action(async (_options: object, self: Command) => {
      const options = self.optsWithGlobals<CommonOptions & { readonly json?: boolean }>()
      const config = configOf(options, env)
      const settings = settingsInForce(config, { env, overrides: { data: options.data }, file: configFile(options) })
      const findings = await runChecks(checksFor(config, env))
      const text = options.json === true ? JSON.stringify({ settings, findings }) : report(settings, findings)
      process.stdout.write(`${text}\n`)
      if (findings.some(({ state }) => state === 'wrong')) process.exitCode = 1
    })
}

function checksFor(config: Config, env: Environment): readonly (readonly [string, Check])[] {
  const { proxy, console } = config
  const cacheFolder = opaCacheFolder(env, config.data)
  const opa = () => ensureOpa({ config: config.opa, env, cacheFolder, progress: () => undefined })
  return [
    ['state database', stateCheck(config)],
    ['notices', noticeCheck(config)],
    ...missing(config),
    ...config.targets.map((target) => [`target ${target.name}`, targetCheck(target)] as const),
    ...config.identity.providers.map((one) => [`identity provider ${one.issuer}`, providerCheck(one)] as const),
    ['policies', usesReleases(config) ? releaseCheck(config, Date.now) : policyCheck(config, opa)],
    ['trail', trailCheck(config)],
    ['e-mail', emailCheck(config)],
    ['results’ key', resultKeyCheck(config)],
    ['proxy’s certificate', certificateCheck(config, Date.now)],
    ['proxy’s port', portCheck('proxy’s port', proxy.host, proxy.port)],
    ['console’s port', portCheck('console’s port', console.host, console.port)],
  ]
}

/** Without these a proxy does not start. */
function missing({ targets, identity }: Config): readonly (readonly [string, Check])[] {
  const lack = (subject: string, path: string): readonly [string, Check] => [
    subject,
    async () => wrong(subject, 'none is configured', `Name one under ${path} in the configuration file`),
  ]
  return [
    ...(targets.length === 0 ? [lack('targets', 'targets')] : []),
    ...(identity.providers.length === 0 ? [lack('identity providers', 'identity.providers')] : []),
  ]
}

const MARKS: Readonly<Record<Finding['state'], string>> = { ok: 'ok     ', warning: 'look   ', wrong: 'WRONG  ' }

function report(settings: readonly Setting[], findings: readonly Finding[]): string {
  const width = Math.max(...settings.map(({ path }) => path.length))
  const values = settings.map(({ path, shown, source }) => `  ${path.padEnd(width)}  ${shown}  [${source}]`)
  const checks = findings.map(({ state, subject, text, hint }) => {
    return `  ${MARKS[state]}${subject}: ${text}${hint === undefined ? '' : `\n           → ${hint}`}`
  })
  return ['In force', ...values, '', 'Checks', ...checks].join('\n')
}

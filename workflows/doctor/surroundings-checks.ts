import { X509Certificate } from 'node:crypto'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { Config, ProviderConfig } from '../../config.ts'
import { compilePolicies } from '../../policies/compile.ts'
import { trailFolder } from '../trail/journal-files.ts'
import { type Check, ok, reason, warning, wrong } from './check.ts'

const FETCH_MS = 5_000
const WEEK_MS = 7 * 86_400_000

export const providerCheck =
  ({ issuer, jwksUri }: ProviderConfig): Check =>
  async () => {
    const subject = `identity provider ${issuer}`
    const hint = 'Check identity.providers: the issuer must be written exactly as in its tokens'
    try {
      const found = z
        .object({ issuer: z.string(), jwks_uri: z.url() })
        .parse(await json(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`))
      if (found.issuer !== issuer) return wrong(subject, `calls itself ${found.issuer}`, hint)
      const { keys } = z.object({ keys: z.array(z.unknown()) }).parse(await json(jwksUri ?? found.jwks_uri))
      return keys.length === 0 ? wrong(subject, 'publishes no keys', hint) : ok(subject, `answers, ${keys.length} keys`)
    } catch (error) {
      return wrong(subject, error instanceof z.ZodError ? 'answers with something else' : reason(error), hint)
    }
  }

async function json(url: string): Promise<unknown> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(FETCH_MS) })
  if (!response.ok) throw new Error(`answers ${response.status}`)
  return response.json()
}

export const policyCheck =
  (config: Config, opa: () => Promise<string>): Check =>
  async () => {
    const cacheFolder = `${config.data}/cache`
    const { digest } = await compilePolicies({
      path: config.policies.path,
      opa,
      cacheFolder,
      progress: () => undefined,
    })
    return ok('policies', `${config.policies.path} compile; digest ${digest.slice(0, 16)}…`)
  }

export const trailCheck =
  ({ data }: Config): Check =>
  async () => {
    const folder = trailFolder(data)
    let existing = folder
    while (!existsSync(existing)) existing = dirname(existing)
    try {
      accessSync(existing, constants.W_OK)
    } catch {
      return wrong(
        'trail',
        `${existing} cannot be written`,
        'Change its owner, or choose another data folder with --data',
      )
    }
    return ok('trail', `${folder} can be written`)
  }

export const certificateCheck =
  ({ proxy: { host, tls } }: Config, now: () => number): Check =>
  async () => {
    const subject = 'proxy’s certificate'
    if (tls.cert === undefined || tls.key === undefined)
      return isLoopback(host)
        ? warning(
            subject,
            'is not set',
            'Only clients on this machine can connect; set proxy.tls.cert and proxy.tls.key',
          )
        : wrong(
            subject,
            'is not set',
            'Set proxy.tls.cert and proxy.tls.key: plain connections are taken from loopback only',
          )
    accessSync(tls.key, constants.R_OK)
    const left = Date.parse(new X509Certificate(readFileSync(tls.cert)).validTo) - now()
    if (left < 0) return wrong(subject, 'has expired', 'Put a new one in its place')
    if (left < WEEK_MS) return warning(subject, 'expires within a week', 'Put a new one in its place')
    return ok(subject, `is good for ${Math.floor(left / 86_400_000)} days`)
  }

export const portCheck =
  (subject: string, host: string, port: number): Check =>
  () =>
    new Promise((resolve) => {
      const probe = createServer()
      probe.once('error', (error: NodeJS.ErrnoException) => {
        const text = error.code === 'EADDRINUSE' ? `${host}:${port} is in use` : `${host}:${port}: ${reason(error)}`
        resolve(warning(subject, text, 'That is as it should be while Holdpoint runs; else choose another port'))
      })
      probe.listen(port, host, () => probe.close(() => resolve(ok(subject, `${host}:${port} is free`))))
    })

const isLoopback = (host: string): boolean => ['127.0.0.1', '::1', 'localhost'].includes(host)

import type { FastifyInstance } from 'fastify'
import type { Config } from '../../config.ts'

/** Where browsers reach the console. Known only once it listens when the port is any free one. */
export interface ConsoleAddress {
  /** Scheme, host and port, without a slash at the end. */
  origin(): string
  secure(): boolean
  cookieName(purpose: 'session' | 'sign_in'): string
}

export function createAddress(fastify: FastifyInstance, config: Config['console']): ConsoleAddress {
  const origin = (): string =>
    config.publicUrl === undefined
      ? `http://${hostOf(config.host)}:${listeningPort(fastify, config.port)}`
      : new URL(config.publicUrl).origin
  const secure = (): boolean => origin().startsWith('https:')
  return {
    origin,
    secure,
    // Cookies know no ports: without the port in the name, two of them on one machine would sign each other out.
    cookieName: (purpose) =>
      secure() ? `__Host-holdpoint_${purpose}` : `holdpoint_${purpose}_${new URL(origin()).port || '80'}`,
  }
}

function listeningPort(fastify: FastifyInstance, configured: number): number {
  const bound = fastify.server.address()
  return typeof bound === 'object' && bound !== null ? bound.port : configured
}

function hostOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

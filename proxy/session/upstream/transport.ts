import { readFileSync } from 'node:fs'
import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { serialize } from 'pg-protocol'
import type { TargetConfig } from '../../../config.ts'
import { OwnReads } from '../../wire/own-reads.ts'
import { SessionError } from '../errors.ts'
import { Intake } from '../intake.ts'

/** A way to the target. */
export interface Transport {
  readonly socket: Socket
  /** Where what arrives is read to; null inside TLS, which has no such thing: there it comes as 'data'. */
  readonly reads: OwnReads | null
}

/** A socket to the target, inside TLS as the target is configured. Until `reads` goes elsewhere it is read as any stream. */
export async function openTransport(target: TargetConfig, signal: AbortSignal): Promise<Transport> {
  const transport = await open(target, signal)
  if (target.tls === 'disable') return transport
  const { socket } = transport
  try {
    await askForTls(socket)
    return { socket: await secure(socket, target), reads: null }
  } catch (error) {
    socket.destroy()
    throw error
  }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127\./.test(host) || host.startsWith('/')
}

function open(target: TargetConfig, signal: AbortSignal): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const reads: OwnReads | null = target.tls === 'disable' ? new OwnReads((chunk) => pushCopy(socket, chunk)) : null
    const where = target.host.startsWith('/')
      ? { path: `${target.host}/.s.PGSQL.${target.port}` }
      : { host: target.host, port: target.port }
    const socket: Socket = connectPlain({
      ...where,
      noDelay: true,
      keepAlive: true,
      ...(reads === null ? {} : { onread: reads.onread }),
    })
    const abort = (): void => void socket.destroy(new Error('timed out'))
    const settle = (): void => {
      signal.removeEventListener('abort', abort)
      socket.removeAllListeners('error')
    }
    signal.addEventListener('abort', abort, { once: true })
    socket.once('error', (cause) => {
      settle()
      reject(new SessionError('upstream_unreachable', `The database of ${target.name} cannot be reached`, { cause }))
    })
    socket.once('connect', () => {
      settle()
      resolve({ socket, reads })
    })
  })
}

function pushCopy(socket: Socket, chunk: Buffer): true {
  socket.push(Buffer.from(chunk))
  return true
}

const YES = 0x53

async function askForTls(socket: Socket): Promise<void> {
  socket.write(serialize.requestSsl())
  const intake = new Intake(socket)
  const answer = await intake.read()
  intake.detach()
  // One byte and not one more: what is behind it did not come through TLS (CVE-2021-23222).
  if (answer?.length === 1 && answer[0] === YES && socket.readableLength === 0) return
  throw new SessionError('upstream_unreachable', 'The database does not offer TLS, which its configuration requires')
}

function secure(socket: Socket, target: TargetConfig): Promise<Socket> {
  const verify = target.tls === 'verify-full'
  return new Promise((resolve, reject) => {
    const secured = connectTls({
      socket,
      ALPNProtocols: ['postgresql'],
      rejectUnauthorized: verify,
      host: target.host,
      ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
      ...(target.ca === undefined ? {} : { ca: readFileSync(target.ca) }),
    })
    secured.once('error', (cause) => {
      reject(new SessionError('upstream_unreachable', `TLS with the database of ${target.name} failed`, { cause }))
    })
    secured.once('secureConnect', () => {
      secured.removeAllListeners('error')
      resolve(secured)
    })
  })
}

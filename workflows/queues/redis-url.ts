/**
 * Where Redis is, as state.redisUrl says it:
 *
 *   redis://[user:password@]host[:6379][/db]                             one server
 *   redis+sentinel://[user:password@]host[:26379],…/name[/db]            whichever of `name` the sentinels call master
 *   redis+cluster://[user:password@]host[:6379],…                        a cluster, found through any of its nodes
 *
 * and with rediss for TLS.
 */
export type RedisAddress =
  | { readonly kind: 'standalone'; readonly url: string }
  | (Place & { readonly kind: 'sentinel'; readonly master: string; readonly db: number })
  | (Place & { readonly kind: 'cluster' })

interface Place {
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  readonly username: string | undefined
  readonly password: string | undefined
  readonly tls: boolean
}

const SEVERAL =
  /^redis(s?)\+(sentinel|cluster):\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/@?#]+)(?:\/([^/?#]*))?(?:\/(\d+))?\/?$/
const PORTS = { sentinel: 26_379, cluster: 6_379 } as const

/** @returns null when it has none of these forms */
export function redisAddress(url: string): RedisAddress | null {
  if (/^rediss?:\/\//.test(url)) return URL.canParse(url) ? { kind: 'standalone', url } : null
  const [, secure, kind, user, password, hosts = '', master = '', db = '0'] = SEVERAL.exec(url) ?? []
  if (kind !== 'sentinel' && kind !== 'cluster') return null
  const nodes = hosts.split(',').map((host) => nodeOf(host, PORTS[kind]))
  if (nodes.some((node) => node === null)) return null
  const place: Place = {
    nodes: nodes.filter((node) => node !== null),
    username: decoded(user),
    password: decoded(password),
    tls: secure === 's',
  }
  if (kind === 'cluster') return master === '' ? { kind, ...place } : null
  return master === '' ? null : { kind, ...place, master, db: Number(db) }
}

function nodeOf(text: string, usual: number): { readonly host: string; readonly port: number } | null {
  const [, host = '', port] = /^(\[[\da-f:]+\]|[\w.-]+)(?::(\d{1,5}))?$/i.exec(text) ?? []
  const number = port === undefined ? usual : Number(port)
  return host === '' || number > 65_535 ? null : { host: host.replace(/^\[|\]$/g, ''), port: number }
}

function decoded(part: string | undefined): string | undefined {
  return part === undefined || part === '' ? undefined : decodeURIComponent(part)
}

import type { FastifyReply } from 'fastify'
import type { Routes } from '../../http-schemas.ts'
import type { Bundle } from './bundle.ts'
import { ConsoleError } from './errors.ts'

/** Every page is the same document; the script reads the address and asks the API. It holds nothing that is secret. */
const PAGES = [
  '/',
  '/decided',
  '/holds/:id',
  '/releases',
  '/releases/:commit',
  '/releases/pulls/:number',
  '/away',
  '/slack/link',
]

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#2f5d50"/>' +
  '<path d="M11 9v14M21 9v14" stroke="#fff" stroke-width="4" stroke-linecap="round"/></svg>'

export function pageRoutes({
  bundle,
  development,
  reviewed,
}: {
  readonly bundle: Bundle
  readonly development: boolean
  /** false: the policies are local files. */
  readonly reviewed: boolean
}): Routes {
  const html = documentOf(bundle, { development, reviewed })
  return async (fastify) => {
    for (const path of PAGES) {
      fastify.get(path, async (_request, reply) =>
        reply.type('text/html; charset=utf-8').header('cache-control', 'no-store').send(html),
      )
    }
    // Whoever mistypes an address is told so by the page; programs by a problem.
    fastify.get('/*', async (request, reply) => {
      if (request.url.startsWith('/api/') || !(request.headers.accept ?? '').includes('text/html'))
        throw new ConsoleError('not_found', 'There is nothing at this address.')
      return reply.code(404).type('text/html; charset=utf-8').header('cache-control', 'no-store').send(html)
    })
    fastify.get<{ Params: { name: string } }>('/assets/:name', async (request, reply) => {
      const asset = bundle.assets.get(request.params.name)
      if (asset === undefined) throw new ConsoleError('not_found', 'There is nothing at this address.')
      return forever(reply).type(asset.type).send(asset.body)
    })
    fastify.get('/icon.svg', async (_request, reply) => forever(reply).type('image/svg+xml').send(ICON))
  }
}

function forever(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'public, max-age=31536000, immutable')
}

function documentOf(
  { script, style }: Bundle,
  { development, reviewed }: { readonly development: boolean; readonly reviewed: boolean },
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Holdpoint</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/${style}">
<script type="module" src="/assets/${script}"></script>
</head>
<body data-development="${development}" data-reviewed="${reviewed}">
<div id="app"></div>
<noscript>The console needs JavaScript. Without it: <code>holdpoint holds list</code>.</noscript>
</body>
</html>
`
}

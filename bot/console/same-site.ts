import type { FastifyRequest } from 'fastify'
import { ConsoleError } from './errors.ts'
import { isCsrfTokenOf } from './sessions.ts'
import type { Viewer } from './viewer.ts'

export const CSRF_HEADER = 'x-holdpoint-csrf'

/**
 * Refuses a write that another site made the browser send: the browser must say that it comes from our own pages, and
 * the page must show a token that only our own pages can read. Bearer tokens are not sent by themselves and need neither.
 */
export function assertSameSite(request: FastifyRequest, viewer: Viewer, origin: string): void {
  if (viewer.sessionId === null) return
  if (!comesFromOurPages(request, origin))
    throw new ConsoleError('cross_site_request', 'This request did not come from the console’s own pages.')
  const token = request.headers[CSRF_HEADER]
  if (typeof token !== 'string' || !isCsrfTokenOf(viewer.sessionId, token))
    throw new ConsoleError('cross_site_request', 'This page is out of date. Reload it and try again.')
}

/** Every current browser sends Origin with a write and Sec-Fetch-Site with everything; what sends neither is refused. */
function comesFromOurPages(request: FastifyRequest, origin: string): boolean {
  const { origin: given, 'sec-fetch-site': site } = request.headers
  if (site !== undefined && site !== 'same-origin') return false
  return given === undefined ? site === 'same-origin' : given === origin
}

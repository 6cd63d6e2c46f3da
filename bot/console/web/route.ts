import { useEffect, useState } from 'preact/hooks'

/** The addresses of the console, and moving between them without loading the document again. */
export type Route =
  | { readonly page: 'inbox'; readonly show: 'yours' | 'asked' | 'all' }
  | { readonly page: 'decided' }
  | { readonly page: 'hold'; readonly id: string; readonly answer: 'approve' | 'reject' | null }
  | { readonly page: 'releases' }
  | { readonly page: 'release'; readonly commit: string }
  | { readonly page: 'pull'; readonly number: number }
  | { readonly page: 'away' }
  | { readonly page: 'slack_link'; readonly code: string }
  | { readonly page: 'nowhere' }

export function routeOf({ pathname, search }: { readonly pathname: string; readonly search: string }): Route {
  const query = new URLSearchParams(search)
  if (pathname === '/') {
    const show = query.get('show')
    return { page: 'inbox', show: show === 'asked' || show === 'all' ? show : 'yours' }
  }
  if (pathname === '/slack/link') return { page: 'slack_link', code: query.get('code') ?? '' }
  return PLAIN[pathname] ?? releaseRoute(pathname) ?? holdRoute(pathname, query)
}

const PLAIN: Readonly<Record<string, Route>> = {
  '/decided': { page: 'decided' },
  '/releases': { page: 'releases' },
  '/away': { page: 'away' },
}

function releaseRoute(pathname: string): Route | null {
  const number = /^\/releases\/pulls\/(\d{1,9})$/.exec(pathname)?.[1]
  if (number !== undefined) return { page: 'pull', number: Number(number) }
  const commit = /^\/releases\/([0-9a-f]{7,64})$/.exec(pathname)?.[1]
  return commit === undefined ? null : { page: 'release', commit }
}

function holdRoute(pathname: string, query: URLSearchParams): Route {
  const id = /^\/holds\/([\w-]+)$/.exec(pathname)?.[1]
  if (id === undefined) return { page: 'nowhere' }
  const answer = query.get('answer')
  return { page: 'hold', id, answer: answer === 'approve' || answer === 'reject' ? answer : null }
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location))
  useEffect(() => {
    const follow = (): void => {
      setRoute(routeOf(location))
      document.getElementById('content')?.focus({ preventScroll: true })
    }
    const click = (event: MouseEvent): void => {
      const path = ownLink(event)
      if (path === null) return
      event.preventDefault()
      go(path)
    }
    addEventListener('popstate', follow)
    addEventListener('click', click)
    return () => {
      removeEventListener('popstate', follow)
      removeEventListener('click', click)
    }
  }, [])
  return route
}

export function go(path: string): void {
  history.pushState(null, '', path)
  scrollTo(0, 0)
  dispatchEvent(new PopStateEvent('popstate'))
}

/** A plain click on a link to one of our pages; signing in is the server's page and loads as usual. */
function ownLink(event: MouseEvent): string | null {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return null
  const link = event.target instanceof Element ? event.target.closest('a') : null
  if (link === null || link.origin !== location.origin || link.target !== '') return null
  return routeOf(link).page === 'nowhere' ? null : link.pathname + link.search
}

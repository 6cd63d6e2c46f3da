import type { ConsoleUnderTest } from './console-under-test.ts'

/** A browser as far as HTTP goes: cookies by host and port, redirects by hand, a form to choose who one is. */
export class BrowserSession {
  readonly #site: ConsoleUnderTest
  readonly #jars = new Map<string, Map<string, string>>()
  #csrfToken = ''

  constructor(site: ConsoleUnderTest) {
    this.#site = site
  }

  /** @returns where the browser ends up */
  async signIn(name: string, path = '/sign-in'): Promise<string> {
    const page = await this.follow(this.#site.origin + path)
    const chosen = await this.fetch(page.url, { method: 'POST', body: new URLSearchParams({ person: name }) })
    const resumed = await this.follow(new URL(chosen.headers.get('location') ?? '', page.url).href)
    const end = await this.#submitByItself(resumed)
    const me = (await (await this.get('/api/me')).json()) as { csrfToken?: string }
    this.#csrfToken = me.csrfToken ?? ''
    return end.url
  }

  get(path: string): Promise<Response> {
    return this.fetch(this.#site.origin + path, {})
  }

  /** As the console's own pages write, unless told otherwise. */
  post(path: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.fetch(this.#site.origin + path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: {
        'content-type': 'application/json',
        origin: this.#site.origin,
        'sec-fetch-site': 'same-origin',
        'x-holdpoint-csrf': this.#csrfToken,
        ...headers,
      },
    })
  }

  async follow(url: string): Promise<{ readonly url: string; readonly response: Response }> {
    let at = url
    for (let hop = 0; hop < 10; hop++) {
      const response = await this.fetch(at, {})
      const location = response.headers.get('location')
      if (location === null) return { url: at, response }
      at = new URL(location, at).href
    }
    throw new Error(`too many redirects, the last to ${at}`)
  }

  async fetch(url: string, init: RequestInit): Promise<Response> {
    const jar = this.#jar(url)
    const headers = new Headers(init.headers)
    headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (name === undefined) continue
      if (!value || /max-age=0|expires=thu, 01 jan 1970/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }

  cookie(part: string): string | undefined {
    return [...this.#jar(this.#site.origin)].find(([name]) => name.includes(part))?.[1]
  }

  setCookie(part: string, value: string): void {
    const jar = this.#jar(this.#site.origin)
    for (const name of jar.keys()) if (name.includes(part)) jar.set(name, value)
  }

  /** The provider first ends the session of whoever was signed in before, with a form that a browser submits by itself. */
  async #submitByItself({
    url,
    response,
  }: {
    readonly url: string
    readonly response: Response
  }): Promise<{ url: string }> {
    const html = await response.text()
    const action = /<form method="post" action="([^"]+)"/.exec(html)?.[1]
    if (action === undefined || !html.includes('.submit()')) return { url }
    const fields = [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
    const body = new URLSearchParams(fields.map(([, name, value]) => [name ?? '', value ?? '']))
    const submitted = await this.fetch(action, { method: 'POST', body })
    return this.follow(new URL(submitted.headers.get('location') ?? '', action).href)
  }

  #jar(url: string): Map<string, string> {
    const { host } = new URL(url)
    const jar = this.#jars.get(host) ?? new Map<string, string>()
    this.#jars.set(host, jar)
    return jar
  }
}

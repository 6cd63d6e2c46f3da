import { createHash } from 'node:crypto'
import type { Person } from './people.ts'

/** The few pages of the development provider. Each says what it is, whoever lands on it. */
const STYLE = `body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f6f7f9;color:#1c2330}
.banner{background:#b3261e;color:#fff;text-align:center;padding:.6rem 1rem;font-weight:700;letter-spacing:.04em}
main{max-width:26rem;margin:3rem auto;padding:0 1rem}h1{font-size:1.35rem}
button{display:block;width:100%;text-align:left;font:inherit;background:#fff;border:1px solid #c6ccd6;border-radius:.5rem;
padding:.7rem 1rem;margin:.5rem 0;cursor:pointer}button:hover,button:focus{border-color:#2458d3;outline:none}
small{display:block;color:#5a6475}`

export const BANNER = '<div class="banner" role="note">DEVELOPMENT ONLY: anyone may be anyone here</div>'

/** Nothing may run or load; a form may go anywhere, since its answer redirects to the console's own origin. */
const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256')
  .update(STYLE)
  .digest('base64')}'; base-uri 'none'; frame-ancestors 'none'`

export function signInPage(people: readonly Person[]): string {
  const buttons = people
    .map(({ name, fullName, groups }) => {
      const label = `${escapeHtml(fullName)} (${escapeHtml(name)})<small>${escapeHtml(groups.join(', '))}</small>`
      return `<button name="person" value="${escapeHtml(name)}">${label}</button>`
    })
    .join('')
  return page('Sign in', `<p>Choose who you are. No password is asked.</p><form method="post">${buttons}</form>`)
}

export function messagePage(title: string, text: string): string {
  return page(title, `<p>${escapeHtml(text)}</p>`)
}

/** @param form made by the provider */
export function signOutPage(form: string): string {
  const button = '<button name="logout" value="yes" form="op.logoutForm">Sign out</button>'
  return page('Sign out', `${form}${button}`)
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)} · development</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body>
${BANNER}
<main><h1>${escapeHtml(title)}</h1>${body}</main></body></html>`
}

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

export function html(
  context: { type: string; body: unknown; set(name: string, value: string): void },
  page: string,
): void {
  context.set('content-security-policy', CONTENT_SECURITY_POLICY)
  context.set('cache-control', 'no-store')
  context.type = 'html'
  context.body = page
}

import { ReleaseError } from '../errors.ts'

/**
 * Some lists have numbered pages and some, such as activity, only what GitHub's own link to the next one says.
 * https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
 * @returns null after the last page
 */
export function nextPage(link: string): Readonly<Record<string, unknown>> | null {
  const [, url] = /<([^>]*)>;\s*rel="next"/.exec(link) ?? []
  if (url === undefined) return null
  const asked = URL.parse(url)?.searchParams
  for (const name of ['page', 'after']) {
    const value = asked?.get(name)
    if (value) return { [name]: name === 'page' ? Number(value) : value }
  }
  throw new ReleaseError('github_nonsense', 'GitHub’s link to the next page leads nowhere')
}

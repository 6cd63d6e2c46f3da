/** Where to go after signing in: a path of our own, or the inbox. `//host` and `/\host` are other sites to a browser. */
export function ownPath(wanted: string | undefined): string {
  const base = 'http://own.invalid'
  if (wanted === undefined || !/^\/[\x21-\x5b\x5d-\x7e]*$/.test(wanted) || !URL.canParse(wanted, base)) return '/'
  const url = new URL(wanted, base)
  return url.origin === base ? url.pathname + url.search : '/'
}

import pg from 'pg'

/** How one read-only statement runs beside the clients' sessions. */
export interface SideOptions {
  readonly timeoutMs: number
  /** Names and rights as in a session, for a question that is asked in its stead; without it, those of the login. */
  readonly as?: { readonly role: string; readonly searchPath: string | null }
}

/** @throws what the server answered */
export async function besideSessions<T>(
  pool: pg.Pool,
  options: SideOptions,
  ask: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  let failed = true
  try {
    await client.query(beginReadOnly(options))
    const answer = await ask(client)
    await client.query('ROLLBACK')
    failed = false
    return answer
  } finally {
    client.release(failed)
  }
}

/** All of it holds for one transaction only, which is rolled back. */
function beginReadOnly({ timeoutMs, as }: SideOptions): string {
  const begin = `BEGIN READ ONLY; SET LOCAL statement_timeout = ${Math.max(1, Math.ceil(timeoutMs))}`
  if (as === undefined) return begin
  const path = pg.escapeLiteral(as.searchPath ?? '')
  const names = `SELECT pg_catalog.set_config('search_path', ${path}, true)`
  // The role last: it may have fewer rights than what goes before needs.
  return `${begin}; ${names}; SET LOCAL ROLE ${pg.escapeIdentifier(as.role)}`
}

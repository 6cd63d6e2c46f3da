/**
 * What of a session's names may not be what it was. Each is asked for in its own way: a path or a role with SHOW, which
 * takes no snapshot, so that `SET TRANSACTION` may still follow; relations with a SELECT, which is only needed where a
 * statement has taken a snapshot already.
 */
export interface Doubts {
  readonly path: boolean
  readonly role: boolean
  /** Which temporary relations there are, and with them everything else that a function may have changed. */
  readonly relations: boolean
}

export const noDoubts: Doubts = Object.freeze({ path: false, role: false, relations: false })
export const allDoubts: Doubts = Object.freeze({ path: true, role: true, relations: true })

export function isDoubtful({ path, role, relations }: Doubts): boolean {
  return path || role || relations
}

/** What either doubts. */
export function either(a: Doubts, b: Doubts): Doubts {
  if (a === noDoubts) return b
  if (b === noDoubts) return a
  return { path: a.path || b.path, role: a.role || b.role, relations: a.relations || b.relations }
}

/** Of settings, by their names in lower case. */
export function doubtsOfSettings(names: readonly string[]): Doubts {
  const all = names.includes('all')
  const path = all || names.includes('search_path')
  const role = all || names.includes('role') || names.includes('session_authorization')
  return path || role ? { path, role, relations: false } : noDoubts
}

/** The new transaction has no snapshot yet, and nothing of ours may take one. */
export function isChained(text: string): boolean {
  return /\bAND\s+CHAIN\b/i.test(text)
}

interface Unsettling {
  readonly unsettles: Doubts
  /** Ends or rolls back something. */
  readonly transaction: boolean
}

/** @param now and what the open transaction has touched */
export function doubtsAfter(
  now: { readonly doubts: Doubts; readonly touched: Doubts },
  run: readonly Unsettling[],
): Doubts {
  let { doubts, touched } = now
  for (const { unsettles, transaction } of run) {
    touched = either(touched, unsettles)
    doubts = either(doubts, transaction ? touched : unsettles)
  }
  return doubts
}

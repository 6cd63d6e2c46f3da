import { frontend } from '../wire/message-types.ts'

/** What an error of makes the server skip to the next Sync. */
export const extended: ReadonlySet<number> = new Set([
  frontend.parse,
  frontend.bind,
  frontend.describe,
  frontend.execute,
  frontend.close,
])
/** These reach a statement, so the names it is judged by have to be known. */
export const reaching: ReadonlySet<number> = new Set([frontend.query, frontend.parse, frontend.bind, frontend.execute])

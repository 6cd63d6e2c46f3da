/**
 * The root of every error Holdpoint throws on purpose.
 *
 * Each room has an `errors.ts` with one or two classes; each class closes its `code` over a union. A message is one
 * sentence that a person can act on and never holds a secret, a parameter or a row. Errors are translated once, at the
 * edge: to an SQLSTATE on the wire, a status over HTTP, a line in Slack or on the terminal.
 */
export abstract class HoldpointError extends Error {
  abstract readonly code: string
  /** What the person can do next, where there is something. */
  readonly hint: string | undefined

  constructor(message: string, options: ErrorOptions & { readonly hint?: string | undefined } = {}) {
    super(message, options)
    this.name = new.target.name
    this.hint = options.hint
  }
}

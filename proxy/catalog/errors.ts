import { HoldpointError } from '../../errors.ts'

/**
 * - `unreachable`: the target does not answer, or refuses the login
 * - `not_loaded`: its definitions could not be read; until they can, nothing on this target is judged
 */
export class CatalogError extends HoldpointError {
  readonly code: 'unreachable' | 'not_loaded'

  constructor(
    code: CatalogError['code'],
    message: string,
    options?: ErrorOptions & { readonly hint?: string | undefined },
  ) {
    super(message, options)
    this.code = code
  }
}

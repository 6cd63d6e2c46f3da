import type { HoldpointError } from '../errors.ts'

/** What a proxy process and the one that forked it say to each other. A lost channel means: end yourself. */
export type FromProxy =
  | { readonly kind: 'ready'; readonly port: number }
  /** It could not start, and why: a sentence, no stack, nothing secret. */
  | { readonly kind: 'failed'; readonly message: string; readonly hint: string | undefined }
  /** A CancelRequest whose key is none of its own. */
  | { readonly kind: 'cancel'; readonly key: Uint8Array }
  | DefinitionsChanged

/** A statement that changes definitions was committed through one process: the others read them anew. */
export interface DefinitionsChanged {
  readonly kind: 'definitions'
  readonly target: string
}

export type ToProxy =
  /** Another process was asked to cancel this; it is yours, or nobody's. */
  | { readonly kind: 'cancel'; readonly key: Uint8Array }
  | DefinitionsChanged
  /** Take no more clients, let those who work finish, and end. */
  | { readonly kind: 'stop' }

export function failedMessage(error: HoldpointError | Error): FromProxy {
  return { kind: 'failed', message: error.message, hint: 'hint' in error ? error.hint : undefined }
}

import { HoldpointError } from '../errors.ts'

export type PolicyErrorCode =
  /** No OPA of the pinned version could be had. */
  | 'opa_unavailable'
  /** Files are missing, or OPA refuses them: syntax, types, an unknown builtin, an input field that does not exist. */
  | 'policy_invalid'
  /** The policies' own Rego tests fail. */
  | 'policy_tests_failed'
  /** The compiled module cannot be run here as it is. */
  | 'module_unusable'
  /** The policy trapped, or its input was larger than it may be. */
  | 'evaluation_failed'
  /** The policy said nothing. */
  | 'result_undefined'
  /** The policy said something that is not a decision. */
  | 'result_invalid'
  /** labels.yaml is not what it should be. */
  | 'labels_invalid'

/** A policy that cannot be had, built or evaluated. Where a statement waits for it, the answer is deny. */
export class PolicyError extends HoldpointError {
  readonly code: PolicyErrorCode

  constructor(
    code: PolicyErrorCode,
    message: string,
    options: ErrorOptions & { readonly hint?: string | undefined } = {},
  ) {
    super(message, options)
    this.code = code
  }
}

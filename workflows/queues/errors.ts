import { HoldpointError } from '../../errors.ts'

/** Jobs can be neither made nor run. What is in the rows is not lost. */
export class QueueError extends HoldpointError {
  readonly code = 'unreachable'
}

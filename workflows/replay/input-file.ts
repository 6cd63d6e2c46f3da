import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { HoldpointError } from '../../errors.ts'
import type { ShownInput } from '../../policies/manifest.ts'
import type { RecordedInput } from './recorded-input.ts'

/** A file of recorded inputs cannot be read. */
export class InputFileError extends HoldpointError {
  readonly code = 'inputs_invalid'
}

/** Only what is looked at before a policy looks: what else is missing, the policy says. */
const line = z.object({
  digest: z.string(),
  decisions: z.int().min(0),
  input: z.looseObject({
    identity: z.looseObject({ issuer: z.string(), subject: z.string(), name: z.string(), kind: z.string() }),
    session: z.looseObject({}),
    statement: z.looseObject({
      fingerprint: z.string(),
      tag: z.string(),
      relations: z.array(z.looseObject({ schema: z.string(), name: z.string() })),
    }),
  }),
})

/**
 * Recorded inputs that were written to a file, one JSON object a line, for where there is no state database.
 * @throws InputFileError naming the line
 */
export async function* inputsOfFile(path: string): AsyncGenerator<RecordedInput, void, void> {
  let number = 0
  try {
    for await (const text of createInterface({
      input: createReadStream(path, 'utf8'),
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      number++
      if (text.trim() === '') continue
      const { digest, decisions, input } = line.parse(JSON.parse(text))
      yield { digest, decisions, input: input as unknown as ShownInput }
    }
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof z.ZodError)
      throw new InputFileError(`Line ${number} of ${path} is not a recorded input.`, { cause })
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new InputFileError(`There is no file ${path}.`, { cause })
    throw cause
  }
}

export function lineOfInput({ digest, input, decisions }: RecordedInput): string {
  return `${JSON.stringify({ digest, decisions, input })}\n`
}

import { createHash } from 'node:crypto'
import { EncryptJWT, jwtDecrypt } from 'jose'
import { z } from 'zod'

/**
 * What a browser must bring back from the identity provider: encrypted and authenticated in a cookie, so that any
 * replica can finish a sign-in that another began and an abandoned one costs no memory.
 */
const transaction = z.object({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
})

export type SignInTransaction = z.infer<typeof transaction>

export const SIGN_IN_SECONDS = 600

export interface TransactionSeal {
  seal(transaction: SignInTransaction): Promise<string>
  /** null when it is not ours, was changed, or is too old. */
  open(sealed: string): Promise<SignInTransaction | null>
}

export function createTransactionSeal(secret: string, now: () => number): TransactionSeal {
  const key = createHash('sha256').update('holdpoint console sign-in\0').update(secret).digest()
  return {
    seal: (content) =>
      new EncryptJWT({ ...content })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setExpirationTime(Math.floor(now() / 1_000) + SIGN_IN_SECONDS)
        .encrypt(key),
    open: async (sealed) => {
      const opened = await jwtDecrypt(sealed, key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        currentDate: new Date(now()),
      }).catch(() => null)
      return opened === null ? null : (transaction.safeParse(opened.payload).data ?? null)
    },
  }
}

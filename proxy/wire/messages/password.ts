import { BodyReader } from '../body-reader.ts'

/**
 * PasswordMessage (F): here an OIDC token or a service token.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-PASSWORDMESSAGE
 */
export function decodePassword(message: Buffer): string {
  const body = new BodyReader(message)
  const password = body.text()
  body.end()
  return password
}

import type pg from 'pg'

/** What a driver's connection has beside its declared type. */
interface Connection {
  parse(query: { text: string; types: readonly number[]; name: string }): void
  describe(what: { type: 'S'; name: string }): void
  sync(): void
  once(event: 'parameterDescription', listener: (message: { readonly dataTypeIDs: readonly number[] }) => void): void
  removeAllListeners(event: 'parameterDescription'): void
}

/**
 * The types that the server gives the parameters of one statement: Parse, Describe and Sync, so nothing runs. Text of
 * several statements is an error of the server's, and no setting of how texts are read can make it more than one.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 *
 * @param declared as the client did: 0 where it left one to the server
 */
export function describedParameters(
  client: pg.ClientBase,
  text: string,
  declared: readonly number[],
): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    let types: readonly number[] | null = null
    const end = (connection: Connection): void => connection.removeAllListeners('parameterDescription')
    const question = {
      submit(connection: unknown) {
        const server = connection as Connection
        server.once('parameterDescription', ({ dataTypeIDs }) => {
          types = dataTypeIDs
        })
        server.parse({ text, types: declared, name: '' })
        server.describe({ type: 'S', name: '' })
        server.sync()
      },
      handleRowDescription: () => undefined,
      handleError(error: Error, connection: Connection) {
        end(connection)
        reject(error)
      },
      handleReadyForQuery(connection: Connection) {
        end(connection)
        if (types === null) reject(new TypeError('the server said nothing of the parameters'))
        else resolve(types)
      },
    }
    client.query(question)
  })
}

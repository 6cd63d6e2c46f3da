import { lookAlikes, visibleText } from '../../text/visible-text.ts'
import { Line, marked } from './text.tsx'

interface StatementProps {
  readonly of: string
  /** Show all of it; a long one begins with its first part. */
  readonly whole: boolean
  readonly showWhole: () => void
}

const LINES_AT_FIRST = 40
const CHARACTERS_AT_FIRST = 4_000

/** Too long to be taken in at a glance: what does harm could stand where nobody scrolls to. */
export function isLong(statement: string): boolean {
  return statement.length > CHARACTERS_AT_FIRST || linesOf(statement) > LINES_AT_FIRST
}

export function Statement({ of, whole, showWhole }: StatementProps) {
  const suspicious = lookAlikes(of)
  const lines = linesOf(of)
  const size = `${lines.toLocaleString('en')} ${lines === 1 ? 'line' : 'lines'}, ${of.length.toLocaleString('en')} characters`
  return (
    <>
      <h2>
        Statement <span class="count">{size}</span>
      </h2>
      <div class="statement" dir="ltr">
        <pre>
          <code>{marked(visibleText(whole ? of : beginning(of)))}</code>
        </pre>
        {!whole && (
          <p class="statement-more">
            <span>This is only its beginning.</span>
            <button type="button" class="button" onClick={showWhole}>
              Show the whole statement
            </button>
          </p>
        )}
      </div>
      {suspicious.length > 0 && (
        <p class="warning">
          Letters of different alphabets that look alike, in: <Line of={suspicious.slice(0, 20).join(', ')} />
        </p>
      )}
    </>
  )
}

function linesOf(statement: string): number {
  return statement.split('\n').length
}

function beginning(statement: string): string {
  return statement.slice(0, CHARACTERS_AT_FIRST).split('\n').slice(0, LINES_AT_FIRST).join('\n')
}

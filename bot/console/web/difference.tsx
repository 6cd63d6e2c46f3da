import type { DifferenceView } from '../release-schema.ts'
import { Line } from './text.tsx'

const count = (value: number): string => value.toLocaleString('en')

/** What would be decided otherwise, by outcome, rule, who asks and what. */
export function Difference({ of }: { readonly of: DifferenceView }) {
  const rules: readonly (readonly [string, readonly string[]])[] = [
    ['Would newly fire', of.newlyFire],
    ['Would no longer fire', of.noLongerFire],
    ['Fired for nothing that was recorded', of.neverFired],
  ]
  return (
    <>
      <section class="panel">
        <h2>
          {count(of.differing.decisions)} of {count(of.decisions)} recorded decisions would differ
        </h2>
        {of.ways.length === 0 ? (
          <p class="soft">Every recorded statement would have been decided as it was.</p>
        ) : (
          <Table
            head={['From', 'To', 'What', 'Decisions']}
            rows={of.ways.map(({ from, to, changed, decisions }) => [from, to, changed.join(', '), count(decisions)])}
          />
        )}
        {of.failed.after > 0 && (
          <p class="warning">{count(of.failed.after)} inputs would have no answer, which is a deny.</p>
        )}
        {of.incomplete > 0 && (
          <p class="soft">{count(of.incomplete)} inputs lack a field that the changed policy reads.</p>
        )}
      </section>
      {rules.some(([, ids]) => ids.length > 0) && (
        <section class="panel">
          <h2>By rule</h2>
          <dl class="pairs rules">
            {rules
              .filter(([, ids]) => ids.length > 0)
              .map(([name, ids]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>
                    <Line of={ids.join(', ')} />
                  </dd>
                </div>
              ))}
          </dl>
        </section>
      )}
      {of.identities.length > 0 && (
        <section class="panel">
          <h2>By who asks</h2>
          <Table
            head={['Who', 'Kind', 'Decisions']}
            rows={of.identities.map(({ name, kind, decisions }) => [name, kind, count(decisions)])}
          />
        </section>
      )}
      {of.statements.length > 0 && (
        <section class="panel">
          <h2>By statement</h2>
          <Table
            head={['Statement', 'On', 'Fingerprint', 'Decisions']}
            rows={of.statements.map((one) => [
              one.tag,
              one.relations.join(', '),
              one.fingerprint,
              count(one.decisions),
            ])}
          />
        </section>
      )}
    </>
  )
}

/** The last column is a number. */
function Table({ head, rows }: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }) {
  return (
    <div class="scroll">
      <table class="numbers">
        <thead>
          <tr>
            {head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={column}>
                  <Line of={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

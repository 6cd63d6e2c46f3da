import type { TargetConfig } from '../../config.ts'
import { AuthenticationError } from './errors.ts'

/** `prod/shop`, or `shop` where only one target has that database. */
export function findTarget(database: string, targets: readonly TargetConfig[]): TargetConfig {
  const named = targets.find(({ name }) => name === database)
  if (named !== undefined) return named
  const [found, other] = targets.filter((target) => target.database === database)
  if (found !== undefined && other === undefined) return found
  throw new AuthenticationError(
    'unknown_target',
    found === undefined ? `There is no database ${database} here.` : `There are several databases ${database} here.`,
    { hint: found === undefined ? undefined : 'Name its environment too, as in prod/shop' },
  )
}

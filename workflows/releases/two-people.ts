import { findPerson } from '../directory/directory.ts'
import { type PersonKey, samePerson } from '../holds/identity-key.ts'
import type { Queryable } from '../state/transaction.ts'

/** Whether two who say yes are two people: accounts are not counted. The same address in the directory is the same person. */
export async function isSamePerson(on: Queryable, one: PersonKey, other: PersonKey): Promise<boolean> {
  if (samePerson(one, other)) return true
  const [first, second] = [await findPerson(on, one), await findPerson(on, other)]
  const address = first?.email?.toLowerCase() ?? null
  return address !== null && address === second?.email?.toLowerCase()
}

/** Whether who said yes earlier could still say it. Whom the directory never knew was judged by their sign-in alone. */
export async function isStillIn(on: Queryable, who: PersonKey, group: string): Promise<boolean> {
  const now = await findPerson(on, who)
  return now === null || (now.active && now.groups.includes(group))
}

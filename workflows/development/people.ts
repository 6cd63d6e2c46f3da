/** Who lives in the development provider: enough people for every rule to have someone it lets, holds and refuses. */
export interface Person {
  readonly name: string
  readonly fullName: string
  readonly groups: readonly string[]
}

export const people: readonly Person[] = [
  { name: 'ana', fullName: 'Ana Moreau', groups: ['engineers'] },
  { name: 'ben', fullName: 'Ben Okafor', groups: ['engineers', 'dba', 'data-owners'] },
  { name: 'cleo', fullName: 'Cleo Lindqvist', groups: ['dba', 'data-owners', 'security', 'pii-readers'] },
]

/** A program that acts for a person, and says so in its tokens (RFC 8693, section 4.1). */
export const agents = [
  { name: 'report-bot', fullName: 'Report bot', groups: ['agents'], actsFor: 'ana' },
] as const satisfies readonly (Person & { readonly actsFor: string })[]

/** A program of its own, which shows a service token that Holdpoint made. */
export const services: readonly Person[] = [{ name: 'etl', fullName: 'Nightly load', groups: ['services'] }]

export function personNamed(name: string): Person | undefined {
  return people.find((person) => person.name === name)
}

/** The claims that tell a person, in tokens and at the provider alike. The subject is the name: it is never reused. */
export function claimsOf(person: Person) {
  return {
    sub: person.name,
    preferred_username: person.name,
    name: person.fullName,
    email: `${person.name}@example.com`,
    groups: [...person.groups],
  }
}

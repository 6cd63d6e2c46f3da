import type { webApi } from '@slack/bolt'
import type { Person } from '../../../workflows/directory/directory.ts'
import { asSlackError } from '../web-api.ts'

/**
 * Who is behind a click. Asked anew each time: what Slack says of the user now, and which person of the directory they
 * are linked to. Display names and e-mail addresses are claims and decide nothing.
 */
export type Stranger = 'other_workspace' | 'guest' | 'bot' | 'deactivated' | 'unknown_user' | 'not_linked'

export type Standing = { readonly person: LinkedPerson } | { readonly stranger: Stranger }

export type LinkedPerson = Pick<Person, 'issuer' | 'subject' | 'name' | 'groups' | 'kind' | 'active'>

export interface SlackUserReference {
  readonly teamId: string
  readonly userId: string
}

export interface StandingSources {
  readonly client: webApi.WebClient
  /** The workspace this app serves. */
  teamId(): Promise<string>
  readonly directory: {
    personForSlack(teamId: string, userId: string): Promise<LinkedPerson | null>
  }
}

/** @throws SlackError when Slack cannot be asked: then nobody has a standing */
export async function standingOf(user: SlackUserReference, sources: StandingSources): Promise<Standing> {
  if (user.teamId !== (await sources.teamId())) return { stranger: 'other_workspace' }
  const stranger = strangerIn(await userInfo(user.userId, sources.client), user.teamId)
  if (stranger !== null) return { stranger }
  const person = await sources.directory.personForSlack(user.teamId, user.userId)
  if (person === null) return { stranger: 'not_linked' }
  return person.active ? { person } : { stranger: 'deactivated' }
}

type SlackUser = NonNullable<webApi.UsersInfoResponse['user']>

async function userInfo(userId: string, client: webApi.WebClient): Promise<SlackUser | null> {
  try {
    return (await client.users.info({ user: userId })).user ?? null
  } catch (cause) {
    const error = asSlackError(cause)
    if (error.reason === 'user_not_found') return null
    throw error
  }
}

function strangerIn(user: SlackUser | null, teamId: string): Stranger | null {
  if (user === null) return 'unknown_user'
  if (user.deleted === true) return 'deactivated'
  if (user.is_bot === true) return 'bot'
  if (user.is_restricted === true || user.is_ultra_restricted === true) return 'guest'
  if (user.is_stranger === true || user.team_id !== teamId) return 'other_workspace'
  return null
}

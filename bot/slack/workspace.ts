import type { webApi } from '@slack/bolt'
import { SlackError } from './errors.ts'
import { asSlackError } from './web-api.ts'

/** Who we are and whom we serve: asked once it is needed, kept once it is known, asked again while it is not. */
export interface Workspace {
  /** @throws SlackError slack_not_configured when the token is another workspace's */
  teamId(): Promise<string>
  bot(): Promise<{ botId: string; botUserId: string }>
}

export function createWorkspace(client: webApi.WebClient, configuredTeam: string | undefined): Workspace {
  let known: Promise<webApi.AuthTestResponse> | undefined
  const ask = async (): Promise<webApi.AuthTestResponse> => {
    known ??= client.auth.test()
    try {
      return await known
    } catch (cause) {
      known = undefined
      throw asSlackError(cause)
    }
  }
  return {
    async teamId() {
      const { team_id: teamId = '' } = await ask()
      if (configuredTeam === undefined || configuredTeam === teamId) return teamId
      throw new SlackError('slack_not_configured', 'The Slack token belongs to another workspace', {
        hint: 'slack.teamId and slack.botToken must be of the same workspace',
      })
    },
    async bot() {
      const { bot_id: botId = '', user_id: botUserId = '' } = await ask()
      return { botId, botUserId }
    },
  }
}

export async function displayName(client: webApi.WebClient, userId: string): Promise<string> {
  try {
    const { user } = await client.users.info({ user: userId })
    return user?.real_name ?? user?.name ?? userId
  } catch {
    return userId // the page then shows the id alone, which is less helpful and no less true
  }
}

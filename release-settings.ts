import { z } from 'zod'

/** The section `releases.github` of the configuration: where reviewed policies come from. */
const milliseconds = z.coerce.number().int().min(1)
const flag = z.union([z.boolean(), z.stringbool()])

export const gitHubReleases = z
  .strictObject({
    repository: z
      .string()
      .regex(/^[\w.-]+\/[\w.-]+$/, 'owner/name')
      .optional(),
    repositoryId: z.coerce.number().int().min(1).optional(),
    branch: z.string().min(1).default('main'),
    path: z
      .string()
      .regex(/^[\w./-]*$/)
      .default('policies')
      .describe('Folder of the policies in the repository'),
    token: z.string().optional(),
    appId: z.string().optional(),
    privateKey: z.string().optional(),
    installationId: z.string().optional(),
    apiUrl: z.url().default('https://api.github.com'),
    webhookSecret: z.string().min(16).optional(),
    pollMs: milliseconds.default(60_000),
    minApprovals: z.coerce.number().int().min(1).default(1),
    codeOwnersRequired: flag.default(true).describe('An owner of each changed file must be among those who approved'),
    approvalsOnlyWithin: z
      .string()
      .regex(/^[\w./-]+$/)
      .optional()
      .describe(
        'Merges that touch nothing in this folder nor CODEOWNERS need no approvals; every one does when left out',
      ),
    replayRequired: flag.default(false).describe('Only what was replayed in its pull request is activated'),
    toolAddresses: z.array(z.string()).default([]).describe('Addresses in Co-authored-by that are tools, not people'),
    administrators: z.string().default('admins').describe('The group of which two can pin an earlier release'),
    pinMsMax: milliseconds.default(7 * 86_400_000),
  })
  .refine(({ path, approvalsOnlyWithin: within }) => within === undefined || isWithin(path, within), {
    path: ['approvalsOnlyWithin'],
    message: 'has to be releases.github.path or a folder around it: what is released needs its approvals',
  })
  .prefault({})

/** A folder of a repository as git names it, without slashes or dots around it; empty: the whole repository. */
export const plainFolder = (folder: string): string => folder.replace(/^[./]+|\/+$/g, '')

function isWithin(path: string, folder: string): boolean {
  const outer = plainFolder(folder)
  return outer !== '' && `${plainFolder(path)}/`.startsWith(`${outer}/`)
}

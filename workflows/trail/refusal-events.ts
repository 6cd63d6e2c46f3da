/** What somebody tried and may not, beside votes and pins. */
export interface RefusalEvents {
  /** To give their right to another, or to end that; `by` as the directory knows them, or as Slack names them. */
  'delegation.refused': { readonly by: string; readonly reason: string }
  /** In Slack, something that is not about one hold, by somebody who may nothing here. */
  'stranger.refused': { readonly user: string; readonly tried: string; readonly reason: string }
}

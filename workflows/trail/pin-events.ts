/** Pins of an earlier release, and tries to pin or to end one that came to nothing. */
export interface PinEvents {
  /** An administrator asked for an earlier release, another confirmed it, and it ended. */
  'release.pin_requested': {
    readonly pin: string
    readonly release: string
    readonly by: string
    readonly reason: string
  }
  'release.pinned': { readonly pin: string; readonly release: string; readonly by: string; readonly until: string }
  'release.unpinned': { readonly release: string; readonly by: string | null }
  /** `pin` is what was clicked on; `by` a person, or a Slack user who is linked to none. */
  'release.pin_refused': { readonly pin: string; readonly by: string; readonly reason: string }
}

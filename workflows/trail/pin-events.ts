/** Tries to pin a release, or to end a pin, that came to nothing. */
export interface PinEvents {
  /** `pin` is what was clicked on; `by` a person, or a Slack user who is linked to none. */
  'release.pin_refused': { readonly pin: string; readonly by: string; readonly reason: string }
}

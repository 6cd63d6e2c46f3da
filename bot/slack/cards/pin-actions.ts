/** What the buttons of a pinned release do; behind each is the id of the pin. */
export const pinAction = {
  confirm: 'holdpoint_pin_confirm',
  end: 'holdpoint_pin_end',
} as const

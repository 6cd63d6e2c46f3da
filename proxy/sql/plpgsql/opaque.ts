/** The body does something that is not followed. Caught where looking into it began. */
export class Opaque extends Error {}

export interface FramerLimits {
  /** The largest message that is joined. */
  readonly joinedBytesMax: number
  /** By type, the largest length a message may declare; 0: there is no such type. Shared by many framers. */
  readonly declaredBytesMax: Float64Array
}

/** @param declaredBytesMax null for a type that is not known */
export function framerLimits(joinedBytesMax: number, declaredBytesMax: (type: number) => number | null): FramerLimits {
  return {
    joinedBytesMax,
    declaredBytesMax: Float64Array.from({ length: 256 }, (_, type) => declaredBytesMax(type) ?? 0),
  }
}

/** @throws Error when the work takes longer; what it does afterwards is nobody's business any more */
export async function inTime(work: Promise<void>, msMax: number, late: string): Promise<void> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(late)), msMax)
  try {
    await Promise.race([work, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

/** Runs `work` and gives back what is held, however `work` ends. */
export async function whileHeld<H extends { release(): Promise<unknown> }, T>(
  held: H,
  work: (held: H) => T | Promise<T>,
): Promise<T> {
  let result: T
  try {
    result = await work(held)
  } catch (error) {
    // What `work` threw is what the caller must see, also if what was held was lost meanwhile.
    await held.release().catch(() => undefined)
    throw error
  }
  await held.release()
  return result
}

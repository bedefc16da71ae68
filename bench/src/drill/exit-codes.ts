/** Of `npm run drill`, as its help tells them. */
export const exitCodes = { ok: 0, broken: 1, usage: 2, failed: 6, cannot: 69, interrupted: 130 } as const

/** First item of each frame from a node, and of keep-alives both ways. Operation codes avoid 1 to 15. */
export const tags = { ok: 1, refused: 2, event: 3, ping: 4, pong: 5 } as const

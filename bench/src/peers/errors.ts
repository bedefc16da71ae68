/** A peer that cannot be installed, built or started here, or whose load failed. */
export class PeerError extends Error {
  override readonly name = 'PeerError'
  readonly code = 'PEER_FAILED'
}

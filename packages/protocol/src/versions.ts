/** Protocol versions that this package speaks: both ends take the largest that both know. */
export const versions = { min: 1, max: 1 } as const

/** Features of version 1 that an end may announce in hello. Unknown ones are ignored. */
export const features = ['watch', 'resume'] as const

/**
 * The version that two ends share.
 *
 * @returns `undefined` if there is none: the node answers `unsupportedVersion`.
 */
export function agreeVersion(other: { readonly min: number; readonly max: number }): number | undefined {
  const version = Math.min(versions.max, other.max)
  return version >= versions.min && version >= other.min ? version : undefined
}

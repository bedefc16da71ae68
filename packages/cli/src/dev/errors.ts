export type DevClusterErrorCode =
  | 'DEV_DIRECTORY_IN_USE'
  | 'DEV_DIRECTORY_UNREADABLE'
  | 'DEV_DIRECTORY_FOREIGN'
  | 'DEV_MEMBERS_DIFFER'
  | 'DEV_PORTS_DIFFER'
  | 'DEV_MEMBER_UNKNOWN'
  | 'DEV_PORT_IN_USE'
  | 'DEV_MEMBER_EXITED'
  | 'DEV_NOT_READY'

/** What can go wrong with a development cluster; `detail` has the fields that the message shows. */
export class DevClusterError extends Error {
  readonly code: DevClusterErrorCode
  readonly detail: Readonly<Record<string, unknown>>

  constructor(
    code: DevClusterErrorCode,
    message: string,
    detail: Readonly<Record<string, unknown>>,
    options?: { cause?: unknown },
  ) {
    super(message, options)
    this.name = 'DevClusterError'
    this.code = code
    this.detail = detail
  }
}

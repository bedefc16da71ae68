/** A member as the ledger's address book has it. */
export interface MemberEntry {
  readonly id: number
  readonly name: string
  /** Address for the other members. */
  readonly peer: string
  /** Address for clients. */
  readonly client: string
  readonly drained: boolean
}

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

/** Who the members are: those of the ledger, or the configuration's as long as it has none. */
export class AddressBook {
  readonly #founders: readonly MemberEntry[]
  readonly #known: () => readonly MemberEntry[]

  constructor(founders: readonly Omit<MemberEntry, 'drained'>[], known: () => readonly MemberEntry[]) {
    this.#founders = founders.map((member) => ({ ...member, drained: false }))
    this.#known = known
  }

  all(): readonly MemberEntry[] {
    const known = this.#known()
    return known.length > 0 ? known : this.#founders
  }

  find(id: number): MemberEntry | undefined {
    return this.all().find((member) => member.id === id)
  }

  /** Where clients may go. */
  clientAddresses(): readonly string[] {
    return this.all().map((member) => member.client)
  }

  isDrained(id: number): boolean {
    return this.find(id)?.drained ?? false
  }
}

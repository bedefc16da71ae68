import { usage } from '../errors.ts'

const roles = ['monitor', 'client', 'admin'] as const

export type Role = (typeof roles)[number]

/** What `--role` says. There is no default: what somebody may do is always said. */
export function chosenRole(text: string | undefined): Role {
  const role = roles.find((each) => each === text)
  if (role !== undefined) return role
  throw usage(`--role: ${text === undefined ? 'missing' : `'${text}'`}; expected ${roles.join(', ')}`)
}

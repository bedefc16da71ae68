import { operation } from '../operation.ts'
import { readField } from '../schema/containers.ts'
import { oneOf } from '../schema/scalars.ts'
import { told } from '../schema/schema.ts'
import { grant } from './license-shapes.ts'
import { owner } from './shapes.ts'

const status = told(
  oneOf('released', 'shared', 'resting', 'lingering'),
  'Free; still counted for others who share it; kept to be reused; kept for its consumer.',
)

/** Gives a grant back. */
export const licenseCheckin = operation({
  code: 81,
  name: 'license.checkin',
  kind: 'command',
  doc: 'Gives a grant back.',
  fields: { owner, grant },
  result: { status },
  example: { owner: 'u1', grant: 812 },
  exampleResult: { status: 'released' },
  build: (reader) => ({
    op: 'license.checkin',
    owner: readField(reader, owner),
    grant: readField(reader, grant),
  }),
  buildResult: (reader) => ({ status: readField(reader, status) }),
})

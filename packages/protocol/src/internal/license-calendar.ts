import { operation } from '../operation.ts'
import { wallMs } from '../operations/shapes.ts'

/** The leader's wall clock, which the validity of license keys goes by. */
export const licenseCalendar = operation({
  code: 247,
  name: 'license.calendar',
  kind: 'command',
  doc: "The leader's wall clock, which the validity of license keys goes by.",
  fields: { wallMs },
  result: {},
  example: { wallMs: 1_795_262_400_000 },
  exampleResult: {},
})

import {
  type ChangeRefusal,
  type ChangeResult,
  enterJoint,
  leaveJoint,
  simple,
} from '../../src/confchange/changer.ts'
import { type MemberConfig, Tracker } from '../../src/tracker/tracker.ts'
import type { NodeId } from '../../src/types.ts'
import { ScriptError } from './environment.ts'
import { formatProgress } from './format.ts'
import { parseChanges } from './interaction.ts'
import type { Directive } from './script.ts'

export const confChangeCommands: ReadonlySet<string> = new Set(['simple', 'enter-joint', 'leave-joint'])

const refusalTexts = {
  alreadyJoint: 'config is already joint',
  notJoint: "can't leave a non-joint config",
  zeroVoterJoint: "can't make a zero-voter config joint",
  simpleWhileJoint: "can't apply simple config change in joint config",
  manyVotersChanged: 'more than one voter changed without entering joint config',
  removedAllVoters: 'removed all voters',
} as const satisfies Record<ChangeRefusal, string>

/** A runner for scripts about configuration changes. The last index grows by one with every command. */
export function confChangeRunner(): (directive: Directive) => string[] {
  const tracker = new Tracker(10, Number.POSITIVE_INFINITY)
  let commands = 0
  return (directive) => {
    const lastIndex = commands++
    let result: ChangeResult
    try {
      result = run(tracker, lastIndex, directive)
    } catch (error) {
      if (error instanceof ScriptError) return [error.message]
      throw error
    }
    if (!result.ok) return [refusalTexts[result.reason]]
    tracker.replace(result.config, result.progress)
    return [formatConfig(tracker.config), ...tracker.ids.map((id) => progressLine(tracker, id))]
  }
}

function run(tracker: Tracker, lastIndex: number, { command, args, input }: Directive): ChangeResult {
  const changes = parseChanges(input.join(' '))
  switch (command) {
    case 'simple':
      return simple(tracker, lastIndex, changes)
    case 'enter-joint': {
      const autoLeave = args.find(({ key }) => key === 'autoleave')?.values[0] === 'true'
      return enterJoint(tracker, lastIndex, autoLeave, changes)
    }
    case 'leave-joint':
      if (changes.length > 0) throw new ScriptError('this command takes no input')
      return leaveJoint(tracker)
    default:
      throw new ScriptError('unknown command')
  }
}

function formatConfig({ voters, learners, learnersNext, autoLeave }: MemberConfig): string {
  const list = (ids: readonly NodeId[]) => `(${ids.join(' ')})`
  let text = `voters=${list(voters.incoming.voters)}`
  if (voters.isJoint) text += `&&${list(voters.outgoing.voters)}`
  if (learners.length > 0) text += ` learners=${list(learners)}`
  if (learnersNext.length > 0) text += ` learners_next=${list(learnersNext)}`
  return autoLeave ? `${text} autoleave` : text
}

function progressLine(tracker: Tracker, id: NodeId): string {
  const { state, match, next, isLearner, isPaused, recentActive, pendingSnapshot, inflights } =
    tracker.get(id)!
  const { count: inflightCount, full: inflightFull } = inflights
  return formatProgress({
    id,
    state,
    match,
    next,
    isLearner,
    isPaused,
    recentActive,
    pendingSnapshot,
    inflightCount,
    inflightFull,
  })
}

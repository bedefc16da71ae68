import type { Clock, Random, Transport } from '@tranca/client'
import type { Random as Stream } from '../random.ts'
import type { Host } from '../world/host.ts'
import { clientClock, clientRandom, clientTransport } from '../world/seams.ts'
import type { World } from '../world/world.ts'

/** What a client library on a host needs of the world. */
export function clientOptions(
  world: World,
  host: Host,
  random: Stream = world.random,
): { clock: Clock; transport: Transport; random: Random } {
  return {
    clock: clientClock(host, world.schedule),
    transport: clientTransport(host, world.network),
    random: clientRandom(random.fork()),
  }
}

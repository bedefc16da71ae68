import type { Clock, Random, Transport } from '@tranca/client'
import type { Host } from '../world/host.ts'
import { clientClock, clientRandom, clientTransport } from '../world/seams.ts'
import type { World } from '../world/world.ts'

/** What a client library on a host needs of the world. */
export function clientOptions(
  { schedule, network, random }: World,
  host: Host,
): { clock: Clock; transport: Transport; random: Random } {
  return {
    clock: clientClock(host, schedule),
    transport: clientTransport(host, network),
    random: clientRandom(random.fork()),
  }
}

import { bare } from './bare/bare.ts'
import { etcd } from './etcd.ts'
import type { Peer, PeerName } from './peer.ts'
import { redis } from './redis.ts'
import { zookeeper } from './zookeeper.ts'

export const peers: Readonly<Record<PeerName, Peer>> = { etcd, zookeeper, redis, bare }

import { bare } from './bare/bare.ts'
import { etcd, startTunedEtcd } from './etcd.ts'
import type { DrilledName, Peer, PeerName } from './peer.ts'
import { redis } from './redis.ts'
import { zookeeper } from './zookeeper.ts'

export const peers: Readonly<Record<PeerName, Peer>> = { etcd, zookeeper, redis, bare }

export const drilledPeers: Readonly<Record<DrilledName, Peer>> = {
  etcd,
  'etcd-tuned': { ...etcd, start: startTunedEtcd },
  zookeeper,
}

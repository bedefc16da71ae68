import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { Frames } from './frames.ts'
import { Leader } from './leader.ts'
import { Segment } from './segment.ts'

/** One server of the floor: `server-main.js LOG PORT [PORT OF A FOLLOWER...]`. With followers it leads them. */
const [path, port, ...others] = process.argv.slice(2)
const segment = new Segment(path!)
const ACKNOWLEDGMENT = Buffer.from([1])

if (others.length > 0) {
  const followers = others.map((other) => connect({ port: Number(other), host: '127.0.0.1', noDelay: true }))
  await Promise.all(followers.map((follower) => once(follower, 'connect')))
  const leader = new Leader(segment, followers)
  createServer({ noDelay: true }, (client) => leader.serve(client)).listen(Number(port), '127.0.0.1')
} else {
  createServer({ noDelay: true }, (leader) => {
    const frames = new Frames()
    leader.on('error', () => undefined)
    leader.on('data', (data) => {
      for (const frame of frames.take(data)) {
        segment.writeSync(frame)
        leader.write(ACKNOWLEDGMENT)
      }
    })
  }).listen(Number(port), '127.0.0.1')
}

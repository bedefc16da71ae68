import { connect } from 'node:net'

const TIMEOUT_MS = 1_000

/** Sends a few bytes to a port of this machine, and returns what comes back first; nothing if nobody answers. */
export function answersOn(port: number, question: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: TIMEOUT_MS }, () => socket.write(question))
    const settle = (answer: string): void => {
      resolve(answer)
      socket.destroy()
    }
    socket.once('data', (data) => settle(data.toString()))
    socket.once('error', () => settle(''))
    socket.once('timeout', () => settle(''))
    socket.once('close', () => resolve(''))
  })
}

import type { AddressInfo } from 'node:net'
import net from 'node:net'
import type { FakeNode } from './fake-cluster.ts'
import type { ServerWire } from './world.ts'

/** Puts a fake node behind a real socket on loopback. */
export async function serve(node: FakeNode): Promise<net.Server> {
  const server = net.createServer({ noDelay: true }, (socket) => {
    const wire: ServerWire = {
      get isOpen() {
        return !socket.destroyed
      },
      write: (bytes) => {
        if (!socket.destroyed) socket.write(bytes)
      },
      cut: () => socket.destroy(),
      onData: () => undefined,
      onClose: () => undefined,
    }
    if (!node.accept(wire)) {
      socket.destroy()
      return
    }
    socket.on('data', (chunk) => wire.onData(chunk as Buffer))
    socket.on('error', () => undefined)
    socket.on('close', () => wire.onClose())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  node.address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return server
}

import { type Transport, tcpTransport, type Wire } from '@tranca/client'

/**
 * TCP that can be cut for good, as a process that is killed takes its sockets with it: the other side sees the
 * connection closed, nothing more is sent, and this side hears nothing any more.
 */
export class SeverableTransport implements Transport {
  readonly #wires = new Set<Wire>()
  #severed = false

  dial(address: string, handlers: Parameters<Transport['dial']>[1]): Wire {
    if (this.#severed) throw new Error('the process is dead')
    const wire: Wire = tcpTransport.dial(address, {
      onOpen: () => handlers.onOpen(),
      onData: (chunk) => handlers.onData(chunk),
      onDrain: () => handlers.onDrain(),
      onClose: (error) => {
        this.#wires.delete(wire)
        handlers.onClose(error)
      },
    })
    this.#wires.add(wire)
    return wire
  }

  sever(): void {
    this.#severed = true
    for (const wire of this.#wires) wire.close()
    this.#wires.clear()
  }
}

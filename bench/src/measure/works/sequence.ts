import type { Owner } from '@tranca/client'
import type { Work, WorkClient } from './work.ts'

const digits = { digits: 'decimal', width: 12, start: '000000000001' } as const
const scope = { company: '01', branch: '0101' } as const

async function define(clients: readonly WorkClient[], name: string, kind: 'fast' | 'gapless'): Promise<void> {
  await clients[0]?.owner.sequence(name, scope).define({ ...digits, kind })
}

const numbers = (owner: Owner, name: string) => owner.sequence(name, scope)

/** The next number of one sequence that all clients share. */
export const sequence: Work = {
  steps: [],
  prepare: (clients) => define(clients, 'fast', 'fast'),
  client: ({ owner }, { meter }) => {
    const orders = numbers(owner, 'fast')
    return async () => {
      const sinceMs = meter.now()
      await orders.next()
      meter.operation(sinceMs)
    }
  },
}

/** 100 numbers, one after the other. */
export const hundred: Work = {
  steps: ['next'],
  prepare: (clients) => define(clients, 'fast', 'fast'),
  client: ({ owner }, { meter }) => {
    const orders = numbers(owner, 'fast')
    return async () => {
      const sinceMs = meter.now()
      for (let count = 0; count < 100; count++) {
        const askedMs = meter.now()
        await orders.next()
        meter.step(0, askedMs)
      }
      meter.operation(sinceMs)
    }
  },
}

/** A number of one gapless sequence that all clients share, and its confirmation. */
export const gapless: Work = {
  steps: ['reserve', 'confirm'],
  prepare: (clients) => define(clients, 'gapless', 'gapless'),
  client: ({ owner }, { meter }) => {
    const invoices = numbers(owner, 'gapless')
    return async () => {
      const sinceMs = meter.now()
      const number = await invoices.reserve()
      meter.step(0, sinceMs)
      const reservedMs = meter.now()
      await number.confirm()
      meter.step(1, reservedMs)
      meter.operation(sinceMs)
    }
  },
}

import { decoder } from '../kit.ts'

/** Plain data as text: equal data give equal texts, and bytes are shown as the words that they are. */
export function textOf(data: unknown): string {
  return JSON.stringify(data, (_, value: unknown) =>
    value instanceof Uint8Array ? decoder.decode(value) : value,
  )
}

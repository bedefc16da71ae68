import { Packr } from 'msgpackr'

/** Plain MessagePack: no records, so that equal values are equal bytes on every node. */
export const packer = new Packr({ useRecords: false, variableMapSize: true })

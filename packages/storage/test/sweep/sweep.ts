import type { DamageKind, Density } from './damages.ts'
import { damagesOf } from './damages.ts'
import type { Image, ImageName } from './image.ts'
import { makeImage, openImage } from './image.ts'
import { judge, Tally } from './verdict.ts'

/** One kind of damage to one image. Everything in it follows from these values. */
export interface SweepTask {
  readonly image: ImageName
  readonly kind: DamageKind
  readonly density: Density
  readonly seed: number
}

export async function sweep(task: SweepTask): Promise<Tally> {
  const image = await makeImage(task.image)
  const others = task.kind === 'swap' ? await strangers() : []
  const tally = new Tally()
  for (const damage of damagesOf(task.kind, image, others, task.density, task.seed)) {
    const disk = image.disk.clone()
    for (const [path, bytes] of damage.files) disk.plant(path, bytes)
    const promised = { ...image, older: damage.may === 'older' }
    await judge(`${image.name}: ${damage.what}`, () => openImage(disk, image), promised, tally)
  }
  return tally
}

/** Another member of the cluster, and a node of another cluster with the same id. */
function strangers(): Promise<Image[]> {
  return Promise.all([
    makeImage('stopped', { clusterId: 'erp', nodeId: '2' }),
    makeImage('killed', { clusterId: 'test', nodeId: '1' }),
  ])
}

import type { AdminPage } from './http.ts'

function json(value: object, status = 200): AdminPage {
  return { status, type: 'application/json', body: `${JSON.stringify(value, null, 2)}\n` }
}

/**
 * The pages of the admin port. `/livez`: the process answers. `/readyz`: the node can do its work.
 * `/leader`: 200 only on the leader, for load balancers. `/status`, `/metrics`.
 */
export function adminPages(sources: {
  health: () => { ok: boolean; leader: boolean; reasons: string[] }
  status: () => object
  metrics: () => Promise<string>
}): Record<string, () => AdminPage | Promise<AdminPage>> {
  return {
    '/livez': () => json({ ok: true }),
    '/readyz': () => {
      const health = sources.health()
      return json(health, health.ok ? 200 : 503)
    },
    '/leader': () => {
      const health = sources.health()
      return json(health, health.leader ? 200 : 503)
    },
    '/status': () => json(sources.status()),
    '/metrics': async () => ({
      status: 200,
      type: 'text/plain; version=0.0.4',
      body: await sources.metrics(),
    }),
  }
}

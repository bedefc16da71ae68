import type { AdminPage, AdminPages } from './http.ts'

function json(value: object, status = 200): AdminPage {
  return { status, type: 'application/json', body: `${JSON.stringify(value, null, 2)}\n` }
}

/**
 * The pages of the admin port. `/livez`: the process answers. `/readyz`: the node can do its work.
 * `/leader`: 200 only on the leader, for load balancers. `/status` and `/metrics` tell more, and ask who asks.
 */
export function adminPages(sources: {
  health: () => { ok: boolean; leader: boolean; reasons: string[] }
  status: () => object
  metrics: () => Promise<string>
}): AdminPages {
  const open = (make: () => AdminPage) => ({ isOpen: true, make })
  const guarded = (make: () => AdminPage | Promise<AdminPage>) => ({ isOpen: false, make })
  return {
    '/livez': open(() => json({ ok: true })),
    '/readyz': open(() => {
      const health = sources.health()
      return json(health, health.ok ? 200 : 503)
    }),
    '/leader': open(() => {
      const health = sources.health()
      return json(health, health.leader ? 200 : 503)
    }),
    '/status': guarded(() => json(sources.status())),
    '/metrics': guarded(async () => ({
      status: 200,
      type: 'text/plain; version=0.0.4',
      body: await sources.metrics(),
    })),
  }
}

// Plays the kubelets of a control plane that has none: every pod of a lease runs and is ready at this machine's address, unless a test says otherwise. In a
// thread of its own, so that it goes on while the test waits for a command.
import { request } from 'node:https'
import { Worker, isMainThread, workerData } from 'node:worker_threads'
import { accessOf, clusterOf } from './cluster.mjs'

export class Kubelet {
  static start(kubeconfig) {
    const kubelet = new Kubelet()
    kubelet.worker = new Worker(new URL(import.meta.url), { workerData: { kubelet: kubeconfig } })
    kubelet.worker.on('error', error => { throw error })
    return kubelet
  }

  stop() {
    return this.worker.terminate()
  }
}

/** The images whose pods do not run: they are never found. */
const missing = 'localhost/missing'

function statusOf({ spec }) {
  const condition = (type, met) => ({ type, status: met ? 'True' : 'False', lastTransitionTime: '2026-11-28T06:00:00Z' })
  const lost = spec.containers.some(({ image }) => image.startsWith(missing))
  return {
    phase: lost ? 'Pending' : 'Running',
    podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }],
    conditions: [condition('PodScheduled', true), condition('ContainersReady', !lost), condition('Ready', !lost)],
    containerStatuses: spec.containers.map(({ name, image }) => ({
      name, image, imageID: 'x', ready: !lost, restartCount: 0,
      state: lost ? { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } } : { running: { startedAt: '2026-11-28T06:00:00Z' } }
    }))
  }
}

async function serve(kubeconfig) {
  const { server, token, ca } = accessOf(kubeconfig)
  const ask = clusterOf(kubeconfig)
  const played = new Set()

  async function play(pod) {
    const { uid, name, namespace, deletionTimestamp, labels } = pod.metadata
    if (!labels?.['grid.workload'] || deletionTimestamp || played.has(uid)) return
    played.add(uid)
    // Until the server takes it: no event may come that would be an occasion to try again.
    for (;;) {
      const told = await ask('PATCH', `/api/v1/namespaces/${namespace}/pods/${name}/status`, JSON.stringify({ status: statusOf(pod) }), 'application/merge-patch+json').catch(() => undefined)
      if (told?.status === 200 || told?.status === 404) return
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }

  /** Until the server ends it. */
  const watch = version => new Promise((resolve, reject) => {
    const sent = request(`${server}/api/v1/pods?watch=true&resourceVersion=${version}`, { ca, headers: { authorization: `Bearer ${token}` } }, answer => {
      let pending = ''
      answer.setEncoding('utf8')
      answer.on('data', piece => {
        const lines = (pending + piece).split('\n')
        pending = lines.pop()
        for (const line of lines) {
          const { type, object } = JSON.parse(line)
          if (type === 'ADDED' || type === 'MODIFIED') play(object)
        }
      })
      answer.on('end', resolve)
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end()
  })

  for (;;) {
    try {
      const { json } = await ask('GET', '/api/v1/pods')
      json.items.forEach(play)
      await watch(json.metadata.resourceVersion)
    } catch {
      await new Promise(resolve => setTimeout(resolve, 100))  // the server is away
    }
  }
}

if (!isMainThread && workerData?.kubelet) serve(workerData.kubelet)

import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Where the system has no death signal, a PostgreSQL outlives a tree that was killed. It is recognised by the
 * postmaster.pid of our own cluster and by being, in fact, a PostgreSQL on that cluster (pids are reused); then it is
 * ended as it would have been.
 */
export async function endOrphan(cluster: string): Promise<void> {
  const pid = Number(readPidFile(cluster)[0])
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!Number.isInteger(pid) || pid < 2 || !servesCluster(pid, cluster)) return
    process.kill(pid, signal)
    for (let waited = 0; waited < 10_000 && servesCluster(pid, cluster); waited += 50) await delay(50)
  }
}

function servesCluster(pid: number, cluster: string): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    // The server makes its cluster its working folder.
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster)
  } catch {
    return commandOf(pid).includes(cluster)
  }
}

function commandOf(pid: number): string {
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', `${pid}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return ''
  }
}

export function readPidFile(cluster: string): readonly string[] {
  try {
    return readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return []
  }
}

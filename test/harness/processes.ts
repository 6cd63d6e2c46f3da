import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One process and when it began: pids are used again. */
export interface Process {
  readonly pid: number
  readonly parent: number
  readonly began: string
  readonly command: string
}

function all(): readonly Process[] {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,lstart=,args='], { encoding: 'utf8' }).split('\n')
  return lines.flatMap((line) => {
    const found = /^ *(\d+) +(\d+) +(\S+ +\S+ +\d+ [\d:]+ \d+) (.*)$/.exec(line)
    if (found === null) return []
    const [, pid, parent, began = '', command = ''] = found
    return [{ pid: Number(pid), parent: Number(parent), began, command }]
  })
}

/** This process and everything below it. */
export function treeOf(root: number): readonly Process[] {
  const processes = all()
  const below = (pid: number): readonly Process[] =>
    processes.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...below(child.pid)])
  return [...processes.filter(({ pid }) => pid === root), ...below(root)]
}

export function stillRunning(processes: readonly Process[]): readonly Process[] {
  const now = new Set(all().map(({ pid, began }) => `${pid} ${began}`))
  return processes.filter(({ pid, began }) => now.has(`${pid} ${began}`))
}

export function proxyOf(main: number): number | undefined {
  return treeOf(main).find(({ command }) => command.includes(' proxy-worker '))?.pid
}

export function postmasterOf(data: string): number {
  return Number(readFileSync(join(data, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])
}

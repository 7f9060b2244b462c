// How threads share a region of work, without a lock.
//
// The control block, 32-bit words at `control`:
//   0  ticket: epoch of the region (upper 24 bits) and the next task (lower 8 bits)
//   1  tasks finished
//   2  kernel    3  arguments    4  units    5  units per task    6  tasks
//   7  sleeping workers          8  a word that workers wait on, raised with every region     9  shut down
//
// Before a region is described the ticket is closed (its task number is above any count of tasks). A thread takes
// a task by raising the ticket with a compare-and-exchange; that fails when the region has
// changed since the thread read the description, so a late worker can never run a stale one. The publisher
// works too and waits only for tasks that others have taken: a sleeping or dead worker delays nobody. Units are
// independent of each other, so the numbers do not depend on who computes them.

const TICKET: usize = 0;
const FINISHED: usize = 4;
const KERNEL: usize = 8;
const ARGUMENTS: usize = 12;
const UNITS: usize = 16;
const CHUNK: usize = 20;
const TASKS: usize = 24;
const SLEEPING: usize = 28;
const BELL: usize = 32;
const STOPPED: usize = 36;

import { dispatch } from './dispatch';

/** Takes and runs tasks of the current region until none is left. */
function work(control: usize, scratch: usize): void {
  while (true) {
    const ticket = atomic.load<i32>(control + TICKET);
    const kernel = load<i32>(control + KERNEL);
    const p = <usize>load<u32>(control + ARGUMENTS);
    const units = load<i32>(control + UNITS);
    const chunk = load<i32>(control + CHUNK);
    const tasks = load<i32>(control + TASKS);
    const task = ticket & 255;
    if (task >= tasks) return;
    if (atomic.cmpxchg<i32>(control + TICKET, ticket, ticket + 1) != ticket) continue;
    dispatch(kernel, p, task * chunk, min(units, (task + 1) * chunk), scratch);
    atomic.add<i32>(control + FINISHED, 1);
  }
}

/** Runs units 0 .. units-1 of a kernel on the calling thread. */
export function runHere(kernel: i32, p: usize, units: i32, scratch: usize): void {
  dispatch(kernel, p, 0, units, scratch);
}

/** Publishes a region of work and takes part in it; then `finished` says when the other threads are done. */
export function runShared(control: usize, kernel: i32, p: usize, units: i32, chunk: i32, tasks: i32, scratch: usize): void {
  const ticket = atomic.load<i32>(control + TICKET);
  atomic.store<i32>(control + TICKET, ticket | 255);
  store<i32>(control + KERNEL, kernel);
  store<u32>(control + ARGUMENTS, <u32>p);
  store<i32>(control + UNITS, units);
  store<i32>(control + CHUNK, chunk);
  store<i32>(control + TASKS, tasks);
  atomic.store<i32>(control + FINISHED, 0);
  atomic.store<i32>(control + TICKET, (ticket & ~255) + 256);
  atomic.add<i32>(control + BELL, 1);
  if (atomic.load<i32>(control + SLEEPING) > 0) atomic.notify(control + BELL, -1);
  work(control, scratch);
}

/** Spins until all tasks of the region are finished, at most `spins` times. */
export function finished(control: usize, spins: i32): i32 {
  const tasks = load<i32>(control + TASKS);
  while (spins-- > 0) {
    if (atomic.load<i32>(control + FINISHED) == tasks) return 1;
  }
  return 0;
}

/** The life of a worker thread: take part in regions, spin a while after each, then sleep until the bell. */
export function workerLoop(control: usize, scratch: usize, spins: i32): void {
  let seen = atomic.load<i32>(control + BELL);
  work(control, scratch);
  while (!atomic.load<i32>(control + STOPPED)) {
    let left = spins;
    let now = atomic.load<i32>(control + BELL);
    while (now == seen && left-- > 0) now = atomic.load<i32>(control + BELL);
    if (now == seen) {
      atomic.add<i32>(control + SLEEPING, 1);
      atomic.wait<i32>(control + BELL, seen, -1);
      atomic.sub<i32>(control + SLEEPING, 1);
      now = atomic.load<i32>(control + BELL);
    }
    seen = now;
    work(control, scratch);
  }
}

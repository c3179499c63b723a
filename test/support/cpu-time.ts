// The time that this process has computed: what others do on the machine meanwhile does not count.

/** Milliseconds since `begin`, which is what `process.cpuUsage()` said then. */
export function computedSince(begin: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1000;
}

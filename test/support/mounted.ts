// Mounts of a program's own.

/** Programs in front of one that then sees a mount of its own, which is gone with it; it runs as who runs the tests. */
export function mounted(...mount: string[]): string[] {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const asSelf = uid === 0 ? '' : `unshare --user --map-user=${uid} --map-group=${gid} --`;
  const script = `mount ${mount.join(' ')} && exec ${asSelf} "$@"`;
  const mapped = uid === 0 ? [] : ['--map-root-user'];
  return ['unshare', ...mapped, '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh'];
}

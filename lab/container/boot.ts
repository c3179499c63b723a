// The inside of a container's namespaces: puts its file system together, and becomes systemd-nspawn.

/**
 * For sh: $1 the directory of the host, $2 the tree, $3 the release, $4 the name, $5 a network interface, and the command that
 * makes it (or neither). In the directory: `files`, a tree that is laid over the other at the first boot; `mounts`, lines of an
 * image and where it is mounted.
 * It says READY=1 on standard output when systemd has reached its default target. Where the control groups of the machine are of
 * version 1 the container has the other hierarchy all the same.
 */
export const BOOT = `set -e
host=$1 tree=$2 release=$3 name=$4 interface=$5
shift 5
cd "$host"
mkdir -p upper work root
mount -t overlay overlay -o "lowerdir=$tree,upperdir=upper,workdir=work" root
while IFS='	' read -r image where; do
  mkdir -p "root$where"
  mount -o loop "$image" "root$where"
done <mounts
echo "$name" >root/etc/hostname
if [ -e files ]; then
  tar -C files -cf - . | tar -C root --no-overwrite-dir -xpf -
  rm -r files
fi
rm -f notify
socat -u UNIX-RECV:notify STDOUT &
while [ ! -S notify ]; do sleep 0.01; done
if [ -n "$interface" ]; then
  "$@" &
  while ! ip link show "$interface" >/dev/null 2>&1; do sleep 0.01; done
fi
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 NOTIFY_SOCKET="$host/notify"
exec systemd-nspawn --quiet --directory=root --machine="$name" --hostname="$name" --register=no --keep-unit --notify-ready=yes \\
  --link-journal=no --resolv-conf=off --timezone=off --console=pipe --private-network --bind-ro="$release:/opt/holdfast" \\
  --boot </dev/null >>console.log 2>&1`;

# Run inside a new tree: what a host of the lab does not need, and would only wait for.
set -eu
rm -f /etc/machine-id && : >/etc/machine-id
systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
  fstrim.timer zfs-scrub-monthly@.timer zfs-trim-monthly@.timer getty@.service console-getty.service systemd-pstore.service \
  systemd-firstboot.service systemd-hwdb-update.service ldconfig.service systemd-journal-catalog-update.service \
  systemd-timesyncd.service sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount dev-hugepages.mount \
  proc-sys-fs-binfmt_misc.automount systemd-binfmt.service zfs-share.service zfs-volume-wait.service
# There for those who start it.
systemctl disable --quiet ssh.service
mkdir -p /var/log/journal
# OpenZFS is in the kernel of machines only.
mkdir -p /etc/systemd/system/zfs-.service.d
printf '[Unit]\nConditionVirtualization=!container\n' >/etc/systemd/system/zfs-.service.d/machines.conf
# The lab plugs Holdfast in here: see release.ts.
mkdir -p /opt/holdfast
ln -s /opt/holdfast/node /usr/local/bin/node
ln -s /opt/holdfast/holdfast.js /usr/local/bin/holdfast
rm -rf /usr/share/doc /usr/share/man /usr/share/locale /root/host-tree.sh

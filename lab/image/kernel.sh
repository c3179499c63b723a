# Run inside a new tree with the sources of OpenZFS, which dkms has built for the kernel: takes out what a machine boots with.
set -eu
release=$(cd /lib/modules && ls -d *-cloud-*)
mkdir -p /kernel
cp -a "/boot/vmlinuz-$release" /kernel/vmlinuz
cp -a "/lib/modules/$release" "/kernel/$release"
unxz "/kernel/$release"/updates/dkms/*.xz
rm -rf "/lib/modules/$release"
mv "/kernel/$release" /lib/modules/
depmod "$release"
mkdir -p /kernel/modules/usr/lib/modules
mv "/lib/modules/$release" /kernel/modules/usr/lib/modules/
rm -f "/kernel/modules/usr/lib/modules/$release/build" "/kernel/modules/usr/lib/modules/$release/source"

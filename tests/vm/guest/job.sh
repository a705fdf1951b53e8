#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What both guests do with an unpacked job in /aeo: lay down, run, send back, leave.
cd /aeo || exit 125
. ./vars

# Libraries that this guest's own system does not have: the last folder the loader looks into.
[ ! -d lib ] || cp -a lib/. /usr/lib/
if [ -d tree ]; then
	cp -a tree/. /
	systemctl daemon-reload
fi
mkdir -p out work
PATH=/aeo/bin:$PATH
AEO_OUT=/aeo/out
export PATH AEO_OUT AEO_VM AEO_KERNEL
[ -z "$AEO_DISK" ] || export AEO_DISK
mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf

/aeo/vmjob run /aeo "$AEO_TIMEOUT"
rc=$?
if [ "$AEO_SEND" = 1 ]; then
	tar -c -C out . | /aeo/vmjob port aeo.files
fi
echo "VMEXIT rc=$rc" >/dev/ttyS0
/aeo/vmjob say aeo.ctl RC "$rc"
sync
/aeo/vmjob exit "$rc"

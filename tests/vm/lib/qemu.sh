# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# One QEMU: its command line, its ports, its end.
#
# Ports of every guest: aeo.ctl (BEGAN, TIMEOUT, RC n), aeo.out and aeo.err (the command's), aeo.files (a tar of
# what it left). They are descriptors handed to QEMU, so an end of file says that it is gone.

readonly VM_BOOT_LIMIT=240 # s until the command must have begun; a cold full guest on a busy machine takes 60
readonly VM_GRACE=20       # s for a guest whose command is over to send what it has and leave

# qemu__line: VM_QEMU becomes the part that light, full, saving and restoring have in common.
#
# One emulating thread for all processors: with a thread each, QEMU 7.2 goes on with old translations of code that
# the other processor has patched (tracepoints, static calls), and the guest dies of an int3 within two minutes of
# patching, or hangs. no_timer_check: on a busy machine the kernel's test of the timer fails, and it stops there.
qemu__line() {
	local disk0=$1 job=$2 kernel=$3 initrd=$4 append=$5

	VM_QEMU=(qemu-system-x86_64 -M q35 -accel tcg,thread=single -cpu max -smp "$OPT_CPUS" -m "$OPT_MEMORY"
		-nodefaults -no-user-config -no-reboot -display none
		-kernel "$kernel" -initrd "$initrd"
		-append "console=ttyS0 quiet panic=-1 tsc=reliable no_timer_check $append"
		-device isa-debug-exit,iobase=0xf4,iosize=4
		-device virtio-serial-pci
		-device virtserialport,chardev=ctl,name=aeo.ctl
		-device virtserialport,chardev=out,name=aeo.out
		-device virtserialport,chardev=err,name=aeo.err
		-device virtserialport,chardev=files,name=aeo.files
		-drive "file=$disk0,if=none,id=d0,format=raw,readonly=on" -device virtio-blk-pci,drive=d0
		-drive "file=$job,if=none,id=d1,format=raw,readonly=on" -device virtio-blk-pci,drive=d1)
	[ -z "$OPT_DISK" ] ||
		VM_QEMU+=(-drive "file=$OPT_DISK,if=none,id=d2,format=raw" -device virtio-blk-pci,drive=d2)
}

# qemu__ports CONSOLE FILES: where a run's ports lead; descriptors 3, 4, 5 of QEMU are control, output and errors.
qemu__ports() {
	VM_QEMU+=(-serial "file:$1" -chardev stdio,id=go
		-add-fd fd=3,set=3 -chardev file,id=ctl,path=/dev/fdset/3,append=on
		-add-fd fd=4,set=4 -chardev file,id=out,path=/dev/fdset/4,append=on
		-add-fd fd=5,set=5 -chardev file,id=err,path=/dev/fdset/5,append=on
		-chardev "file,id=files,path=$2")
}

# relay: a reader that has gone must not stop the command.
relay() { cat 2>/dev/null || cat >/dev/null; }

# qemu__start: QEMU in the background with its descriptors; the caller's own are never handed to it, because
# it makes them non-blocking.
qemu__start() {
	local name

	for name in ctl out err; do
		rm -f "$VM_WORK/$name"
		mkfifo "$VM_WORK/$name"
	done
	relay <"$VM_WORK/out" &
	VM_CATS=($!)
	relay <"$VM_WORK/err" >&2 &
	VM_CATS+=($!)
	"${VM_QEMU[@]}" 3>"$VM_WORK/ctl" 4>"$VM_WORK/out" 5>"$VM_WORK/err" \
		>"$VM_WORK/qemu.log" 2>&1 <<<"${VM_GO:-}" &
	VM_PID=$!
}

# qemu__stop: VM_PID is over, its status in VM_STATUS.
qemu__stop() {
	[ -n "${VM_PID:-}" ] || return 0
	[ "$1" = now ] && kill -KILL "$VM_PID" 2>/dev/null
	VM_STATUS=0
	wait "$VM_PID" 2>/dev/null || VM_STATUS=$?
	VM_PID=
	wait "${VM_CATS[@]}" 2>/dev/null || true
}

# follow_ctl: reads the control port until QEMU has gone (0) or a time limit is over (1).
follow_ctl() {
	local fd=$1 limit=$VM_BOOT_LIMIT start=$SECONDS left word rest rc

	while left=$((limit - (SECONDS - start))) && [ "$left" -gt 0 ]; do
		rc=0
		read -r -t "$left" -u "$fd" word rest || rc=$?
		[ "$rc" -le 128 ] || return 1
		[ "$rc" -eq 0 ] || return 0
		case $word in
		BEGAN) VM_BEGAN=1 start=$SECONDS limit=$((OPT_TIMEOUT + VM_GRACE)) ;;
		TIMEOUT) VM_TIMED_OUT=1 start=$SECONDS limit=$VM_GRACE ;;
		RC) VM_RC=$rest start=$SECONDS limit=$VM_GRACE ;;
		esac
	done
	return 1
}

# qemu__run: starts VM_QEMU and follows it to its end. Sets VM_BEGAN, VM_TIMED_OUT (by the guest or here),
# VM_RC (empty if the guest never said it) and VM_STATUS (QEMU's own, 137 if it was killed).
qemu__run() {
	local ctl how=wait

	VM_BEGAN='' VM_TIMED_OUT='' VM_RC=''
	qemu__start
	exec {ctl}<"$VM_WORK/ctl"
	if ! follow_ctl "$ctl"; then
		how=now
		[ -z "$VM_BEGAN" ] || VM_TIMED_OUT=1
	fi
	qemu__stop "$how"
	exec {ctl}<&-
}

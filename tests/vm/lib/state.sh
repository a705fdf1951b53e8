# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The saved state of a booted full guest. It fits the same kernel, image, machine, devices, memory and processors
# only, and this machine's kind of processor: under emulation the guest's time counter is the host's.

readonly STATE_MEMORY=512 STATE_CPUS=2
readonly STATE_BOOT_LIMIT=240 # s

# state_setup: the options that every saved guest has.
state_setup() { OPT_MEMORY=$STATE_MEMORY OPT_CPUS=$STATE_CPUS OPT_APPEND='' OPT_DISK=''; }

# The whole command line counts, with a job disk that has no name yet.
command_line() (
	state_setup
	OPT_KERNEL=$1
	root__line job
	vm__hash_words "${VM_QEMU[@]}"
)

state__dir() {
	printf '%s/full/state-%s-%s\n' "$VM_CACHE" "$1" "$(vm__hash_words \
		"$(kernel__ident "$1")" "$(root__initrd "$1")" "$(cat "$(root__image)/ident")" \
		"$(qemu-system-x86_64 --version | sed -n 1p)" "$(grep -m1 '^model name' /proc/cpuinfo)" \
		"$JOB_SIZE" "$(command_line "$1")")"
}

# state__line JOB: VM_QEMU for a full guest of OPT_KERNEL that goes on from its saved state.
state__line() {
	root__line "$1"
	VM_QEMU+=(-incoming "exec:cat '$(state__dir "$OPT_KERNEL")/state'")
}

# saving_ports FOLDER: the same devices as in a run, leading nowhere but for the agent's READY.
saving_ports() {
	local name

	for name in ctl out err files; do
		VM_QEMU+=(-chardev "file,id=$name,path=/dev/null")
	done
	VM_QEMU+=(-serial "file:$1/console.log" -monitor "unix:$VM_WORK/monitor,server=on,wait=off"
		-add-fd fd=3,set=3 -chardev file,id=go,path=/dev/fdset/3,append=on)
}

# wait_ready FIFO: the agent's word. It may say that the system is degraded; then a unit has failed.
wait_ready() {
	local fd word state=

	exec {fd}<"$1"
	read -r -t "$STATE_BOOT_LIMIT" -u "$fd" word state || true
	exec {fd}<&-
	state=${state%$'\r'}
	[ "${word:-} $state" = "READY running" ] && return 0
	vm__say "kernel $OPT_KERNEL: the full guest did not come up: ${word:-nothing said} $state"
	return 1
}

# write_state FOLDER: by the monitor, which is read to its end: closing it early loses the command. The guest
# runs on while it is saved; one that was stopped first would be stopped when restored, too.
write_state() {
	local said in out

	coproc MON { socat - "UNIX-CONNECT:$VM_WORK/monitor"; }
	exec {in}<&"${MON[0]}" {out}>&"${MON[1]}"
	printf '%s\n' 'migrate_set_parameter max-bandwidth 20G' "migrate \"exec:cat > '$1/state'\"" 'info migrate' \
		quit >&"$out"
	said=$(tr -d '\000' <&"$in")
	exec {in}<&- {out}>&-
	grep -q 'Migration status: completed' <<<"$said"
}

save_guest() {
	local dir=$1 rc=0

	mkfifo "$dir/ready"
	truncate -s "${JOB_SIZE}M" "$dir/blank"
	root__line "$dir/blank"
	saving_ports "$dir"
	"${VM_QEMU[@]}" 3>"$dir/ready" >"$dir/qemu.log" 2>&1 </dev/null &
	VM_PID=$! VM_CATS=()
	if wait_ready "$dir/ready"; then
		sleep 0.5 # the agent is back in its read, and what started last has settled
		write_state "$dir" || rc=1
	else
		rc=1
	fi
	qemu__stop "$([ "$rc" -eq 0 ] && echo wait || echo now)"
	[ "$rc" -eq 0 ] || tail -n 15 "$dir/qemu.log" "$dir/console.log" >&2
	return "$rc"
}

make_state() {
	local series=$1 out tmp

	out=$(state__dir "$series")
	[ -d "$out" ] && return 0
	vm__say "kernel $series: booting a full guest to save its state"
	tmp=$(mktemp -d "$VM_CACHE/full/.state-XXXXXX")
	if ! save_guest "$tmp"; then
		rm -rf "$tmp"
		return 1
	fi
	rm -f "$tmp"/{ready,blank,qemu.log}
	vm__retire "$VM_CACHE/full/state-$series-"*
	chmod 755 "$tmp"
	mv "$tmp" "$out"
}

# state__ensure SERIES: its saved state is in the cache. root__ensure has been called.
state__ensure() {
	[ -s "$(state__dir "$1")/state" ] && return 0
	vm__need socat || return 1
	(
		OPT_KERNEL=$1
		state_setup
		trap 'qemu__stop now' EXIT
		vm__locked "state-$1" make_state "$1"
	)
}

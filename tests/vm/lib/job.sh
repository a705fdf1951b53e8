# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The job image: a tar of what the guest runs, read by it as a raw disk.

# MiB: a saved guest knows its job disk by this size. Only what is in use is read (GNU tar reads a disk to its end).
readonly JOB_SIZE=256

job__programs() { printf '%s/build/%s/bin\n' "$VM_REPO" "$VM_ARCH"; }

copy_programs() {
	local from

	from=$(job__programs)
	mkdir -p "$1/bin"
	[ ! -d "$from" ] || cp -a "$from/." "$1/bin/"
}

# copy_libraries FOLDER NAMES: libraries of the job's programs that the guest lacks, by the list of what it has.
copy_libraries() {
	local job=$1 have=$2 path programs=()

	mapfile -t programs < <(elf__programs "$job")
	while read -r path; do
		grep -qxF "${path##*/}" "$have" && continue
		mkdir -p "$job/lib"
		cp -L "$path" "$job/lib/"
	done < <(elf__libraries "${programs[@]}")
}

write_vars() {
	cat >"$1/vars" <<-V
		AEO_VM=$OPT_MODE
		AEO_KERNEL=$OPT_KERNEL
		AEO_TIMEOUT=$OPT_TIMEOUT
		AEO_SEND=${OPT_OUT:+1}
		AEO_DISK=${OPT_DISK:+/dev/vdc}
	V
}

# job__make FOLDER HAVE: FOLDER/job.tar from the options, the command in OPT_COMMAND.
job__make() {
	local dir=$1 job=$1/job have=$2

	mkdir -p "$job/work"
	install -m755 "$(helper__path)" "$job/vmjob"
	cp "$VM_DIR/guest/job.sh" "$job/job.sh"
	[ -z "$OPT_WITH" ] || cp -a "$OPT_WITH/." "$job/work/"
	printf '%s\0' "${OPT_COMMAND[@]}" >"$job/argv"
	write_vars "$job"
	copy_programs "$job"
	[ "$OPT_MODE" != full ] || copy_install_tree "$job"
	copy_libraries "$job" "$have"
	tar -C "$job" --owner=0 --group=0 --numeric-owner -cf "$dir/job.tar" .
	rm -rf "$job"
	JOB_BYTES=$(stat -c %s "$dir/job.tar")
	[ "$OPT_MODE" = light ] || fit_job "$dir/job.tar"
}

# A larger job than the saved guest's disk holds can only be booted with.
fit_job() {
	if [ "$JOB_BYTES" -gt $((JOB_SIZE << 20)) ]; then
		vm__say "a job of $((JOB_BYTES >> 20)) MiB is more than the saved guest takes ($JOB_SIZE): booting"
		OPT_COLD=1
	fi
	truncate -s "%${JOB_SIZE}M" "$1"
}

# make_install TREE: by the person who typed sudo, so that nothing in build/ becomes root's.
make_install() {
	local as=()

	if [ "$(id -u)" = 0 ] && [ -n "${SUDO_UID:-}" ]; then
		chown "$SUDO_UID" "$1"
		as=(setpriv "--reuid=$SUDO_UID" "--regid=${SUDO_GID:-$SUDO_UID}" --clear-groups)
	fi
	"${as[@]}" make -s -C "$VM_REPO" install "DESTDIR=$1"
}

# The tree of make install, where something has been built. Its files are root's in the guest.
copy_install_tree() {
	local tree=$1/tree log=$1/../install.log

	[ -d "$(job__programs)" ] || return 0
	mkdir "$tree"
	if ! vm__locked install make_install "$tree" >"$log" 2>&1; then
		vm__say "make install did not work, going on without it: $(tail -n1 "$log")"
	fi
	rmdir "$tree" 2>/dev/null || true
}

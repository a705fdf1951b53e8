# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Names, folders, messages and small helpers of the VM lane. Sourced, never run.

# Exit statuses of the runner itself; everything else is the guest command's own.
readonly VM_RC_SKIP=77 VM_RC_TIMEOUT=124 VM_RC_FAILED=125
readonly VM_SERIES_ALL=(5.10 6.1 6.12 7)

VM_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VM_REPO=$(cd "$VM_DIR/../.." && pwd)
VM_ARCH=$(uname -m)
readonly VM_DIR VM_REPO VM_ARCH

# The cache belongs to the person who typed sudo, so that later runs work without it.
vm__cache_dir() {
	local home=${HOME:-/root}

	if [ -n "${AEO_CACHE:-}" ]; then
		printf '%s\n' "$AEO_CACHE"
		return
	fi
	if [ "$(id -u)" = 0 ] && [ -n "${SUDO_UID:-}" ]; then
		home=$(getent passwd "$SUDO_UID" | cut -d: -f6)
	fi
	printf '%s/.cache/autoecoops\n' "${home:-/root}"
}

VM_CACHE=$(vm__cache_dir)/vm
readonly VM_CACHE

vm__say() { printf 'vm: %s\n' "$*" >&2; }

# vm__need TOOL...: names every missing host program at once; 1 if there is one.
vm__need() {
	local tool missing=()

	for tool in "$@"; do
		command -v "$tool" >/dev/null || missing+=("$tool")
	done
	[ ${#missing[@]} -eq 0 ] && return 0
	vm__say "missing on this machine: ${missing[*]} (see packaging/packages.txt, lines test:)"
	return 1
}

# The command of a run, or what prepare takes: see usage in run.
OPT_KERNEL='' OPT_MODE=light OPT_COLD='' OPT_WITH='' OPT_OUT='' OPT_MEMORY='' OPT_CPUS='' OPT_APPEND='' \
	OPT_DISK='' OPT_TIMEOUT=300 OPT_CONSOLE='' OPT_COMMAND=()

# Debian keeps depmod, mke2fs and the like where an ordinary user's PATH does not look.
PATH=$PATH:/usr/sbin:/sbin

# Hash of file contents and of plain words, for cache keys.
vm__hash_files() { cat -- "$@" | sha256sum | cut -c1-16; }
vm__hash_words() { printf '%s\0' "$@" | sha256sum | cut -c1-16; }

# Give what root made in somebody's cache to that somebody.
vm__own_cache() {
	[ "$(id -u)" = 0 ] && [ -n "${SUDO_UID:-}" ] || return 0
	local mine=$SUDO_UID:${SUDO_GID:-$SUDO_UID} cache

	cache=$(dirname "$VM_CACHE")
	chown -Rh "$mine" "$cache" 2>/dev/null || true
	# a .cache that did not exist was made by root, too
	case $cache in
	/root/*) ;;
	*/.cache/*) chown "$mine" "$(dirname "$cache")" ;;
	esac
}

# vm__locked NAME COMMAND...: one builder of a cached thing at a time.
vm__locked() {
	local name=$1 fd

	shift
	mkdir -p "$VM_CACHE"
	exec {fd}>"$VM_CACHE/.lock-$name"
	flock "$fd"
	local rc=0
	"$@" || rc=$?
	exec {fd}>&-
	return "$rc"
}

# vm__list FILE: the words of a list file, comments dropped.
vm__list() { sed 's/#.*//' "$1" | tr -s '[:blank:]' '\n' | sed '/^$/d'; }

# vm__retire PATH...: older editions of what has just been made. Those of the last two hours stay: another
# checkout, or a guest that is starting, may be using them.
vm__retire() {
	local path

	for path in "$@"; do
		find "$path" -maxdepth 0 -mmin +120 -exec rm -rf {} + 2>/dev/null || true
	done
}

# vm__sweep: what builders that were killed left behind, more than a day ago.
vm__sweep() {
	find "$VM_CACHE" -mindepth 1 -maxdepth 3 -name '.[a-z]*-??????' -mtime +1 -exec rm -rf {} + 2>/dev/null || true
}

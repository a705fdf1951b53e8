# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The guest's helper program, and the shared libraries of programs.

helper__path() { printf '%s/vmjob-%s\n' "$VM_CACHE" "$(vm__hash_files "$VM_DIR/guest/vmjob.c")"; }

make_helper() {
	local out tmp

	out=$(helper__path)
	[ -x "$out" ] && return 0
	tmp=$(mktemp "$VM_CACHE/.vmjob-XXXXXX")
	if ! "${CC:-gcc}" -std=gnu11 -O2 -static -s -o "$tmp" "$VM_DIR/guest/vmjob.c"; then
		rm -f "$tmp"
		return 1
	fi
	chmod 755 "$tmp"
	mv "$tmp" "$out"
}

helper__ensure() {
	[ -x "$(helper__path)" ] && return 0
	vm__need "${CC:-gcc}" || return 1
	vm__locked helper make_helper
}

# elf__programs FOLDER: its executable ELF files.
elf__programs() {
	find "$1" -type f -perm -u+x -size +0 -print0 |
		xargs -0 -r grep -lZ -m1 -aP '^\x7fELF' -- 2>/dev/null | tr '\0' '\n'
}

# elf__libraries PROGRAM...: paths of the libraries they load, each once, loader included.
elf__libraries() {
	[ $# -gt 0 ] || return 0
	# ldd ends with 1 at a static program among them
	{ ldd "$@" 2>/dev/null || true; } | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// && $2 ~ /^\(/ { print $1 }' |
		sort -u
}

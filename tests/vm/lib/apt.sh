# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Reading other Debian suites through this machine's own mirrors, without touching its lists.

readonly VM_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
# suite, and the label of the archive that carries it
readonly VM_SUITES=(
	"bookworm Debian" "trixie Debian" "sid Debian" "bullseye-security Debian-Security"
	"bookworm-security Debian-Security" "trixie-security Debian-Security"
)

# apt__uri LABEL: the mirror this machine uses for that archive; nothing if it has none.
apt__uri() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
		"Label: $1" 2>/dev/null | sed -n 1p
}

# Options that keep apt inside our folder.
apt__options() {
	local d=$VM_CACHE/apt

	VM_APT=(-o "Dir::Etc::sourcelist=$d/sources.list" -o Dir::Etc::sourceparts=-
		-o "Dir::State::lists=$d/lists" -o "Dir::Cache=$d/cache" -o Dir::State::status=/dev/null
		-o APT::Sandbox::User=root -o Acquire::Languages=none -o APT::Architecture=amd64
		-o APT::Architectures=amd64 -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
}

apt__write_sources() {
	local row suite label uri

	for row in "${VM_SUITES[@]}"; do
		read -r suite label <<<"$row"
		uri=$(apt__uri "$label")
		if [ -z "$uri" ]; then
			vm__say "this machine's apt lists have no archive labelled $label: $suite left out"
			continue
		fi
		echo "deb [signed-by=$VM_KEYRING] $uri $suite main"
	done
}

# apt__update: fetch the private lists, at most once in a run of a script.
apt__update() {
	local d=$VM_CACHE/apt

	apt__options
	[ -n "${VM_APT_FRESH:-}" ] && return 0
	mkdir -p "$d/lists/partial" "$d/cache/archives/partial"
	apt__write_sources >"$d/sources.list"
	if [ ! -s "$d/sources.list" ]; then
		vm__say "no Debian archive known here: run apt-get update once as root"
		return 1
	fi
	vm__say "reading package lists"
	# A suite that has moved away must not take the others down; what is missing shows later.
	apt-get "${VM_APT[@]}" -q update >"$d/update.log" 2>&1 ||
		vm__say "apt-get update: $(grep -m1 '^[EW]:' "$d/update.log" || echo failed)"
	VM_APT_FRESH=1
}

# apt__fetch FOLDER PACKAGE=VERSION...
apt__fetch() {
	local dir=$1

	shift
	(cd "$dir" && apt-get "${VM_APT[@]}" -q download "$@") >"$dir/download.log" 2>&1 || {
		vm__say "$(grep -m1 '^E:' "$dir/download.log" || echo "download of $* failed")"
		return 1
	}
	rm -f "$dir/download.log"
}

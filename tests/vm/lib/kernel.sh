# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Debian's cloud kernels, cached: $VM_CACHE/kernel/SERIES/{debs/,ident,version,elf,modules-KEY/}.

kernel__dir() { printf '%s/kernel/%s\n' "$VM_CACHE" "$1"; }
kernel__elf() { printf '%s/elf\n' "$(kernel__dir "$1")"; }
kernel__version() { cat "$(kernel__dir "$1")/version"; }
kernel__ident() { cat "$(kernel__dir "$1")/ident"; }

kernel__known() {
	local s

	for s in "${VM_SERIES_ALL[@]}"; do
		[ "$s" = "$1" ] && return 0
	done
	return 1
}

# find_image SERIES: "image-package version" of the newest kernel of that series, by the meta package.
find_image() {
	apt-cache "${VM_APT[@]}" show linux-image-cloud-amd64 2>/dev/null | awk -v want="linux-image-$1." '
		/^Version:/ { v = $2 }
		/^Depends:/ { n = split($0, w, /[ ,]+/)
			for (i = 1; i <= n; i++) if (index(w[i], want) == 1) print v, w[i] }' |
		sort -rV | awk 'NR == 1 { print $2, $1 }'
}

# From 7.x the image package is empty and its content is in three others.
list_packages() {
	local image=$1 version=$2 part names=()

	for part in base binary modules; do
		local p=${image/linux-image-/linux-$part-}
		apt-cache "${VM_APT[@]}" show "$p=$version" >/dev/null 2>&1 && names+=("$p=$version")
	done
	[ ${#names[@]} -eq 3 ] || names=("$image=$version")
	printf '%s\n' "${names[@]}"
}

fetch_debs() {
	local series=$1 dir=$2 image version packages

	apt__update || return 1
	read -r image version <<<"$(find_image "$series")"
	if [ -z "$image" ]; then
		vm__say "kernel $series: no linux-image-cloud-amd64 of that series in the archives of this machine"
		return 1
	fi
	mapfile -t packages < <(list_packages "$image" "$version")
	vm__say "kernel $series: fetching ${packages[*]}"
	apt__fetch "$dir" "${packages[@]}"
}

# cut_elf MAGIC TOOL IMAGE OUT: the uncompressed kernel inside a bzImage. The tool complains of
# what follows the stream, so its status says nothing; the ELF magic does.
cut_elf() {
	local magic=$1 tool=$2 image=$3 out=$4 at

	while read -r at; do
		tail -c+$((at + 1)) "$image" | $tool >"$out" 2>/dev/null || true
		[ "$(head -c4 "$out" | od -An -tx1 | tr -d ' ')" = 7f454c46 ] && return 0
	done < <(LC_ALL=C grep -abo -P "$magic" "$image" | cut -d: -f1)
	return 1
}

extract_elf() {
	local image=$1 out=$2

	cut_elf '\x28\xb5\x2f\xfd' 'zstd -dcq' "$image" "$out" ||
		cut_elf '\x02\x21\x4c\x18' 'lz4 -dc' "$image" "$out" ||
		cut_elf '\xfd7zXZ\x00' 'xz -dc' "$image" "$out" ||
		cut_elf '\x1f\x8b\x08' 'gzip -dc' "$image" "$out"
}

unpack_debs() {
	local deb

	for deb in "$1"/*.deb; do
		dpkg-deb -x "$deb" "$2"
	done
	[ -e "$2/lib" ] || ln -s usr/lib "$2/lib"
}

# make_kernel SERIES: fetch, cut the ELF, note what it is; moved into place whole.
make_kernel() {
	local series=$1 dir tmp image

	dir=$(kernel__dir "$series")
	[ -z "${2:-}" ] && [ -s "$dir/elf" ] && return 0
	mkdir -p "$VM_CACHE/kernel"
	tmp=$(mktemp -d "$VM_CACHE/kernel/.new-XXXXXX")
	mkdir "$tmp/debs" "$tmp/tree"
	if ! fetch_debs "$series" "$tmp/debs" || ! unpack_debs "$tmp/debs" "$tmp/tree"; then
		rm -rf "$tmp"
		return 1
	fi
	image=$(find "$tmp/tree" -name 'vmlinuz*' -type f | sed -n 1p)
	if [ -z "$image" ] || ! extract_elf "$image" "$tmp/elf"; then
		vm__say "kernel $series: no uncompressed kernel found in its package"
		rm -rf "$tmp"
		return 1
	fi
	ls "$tmp/tree/lib/modules" >"$tmp/version"
	vm__hash_files "$tmp"/debs/*.deb >"$tmp/ident"
	(cd "$tmp/debs" && sha256sum -- *.deb) >"$tmp/sha256"
	rm -rf "$tmp/tree" "$dir"
	chmod 755 "$tmp"
	mv "$tmp" "$dir"
}

# kernel__refresh SERIES: fetches it where the archive has a newer one; the old one stays where that fails.
kernel__refresh() {
	local image version

	apt__update || return 0
	read -r image version <<<"$(find_image "$1")"
	[ -n "$image" ] || return 0
	if ! ls "$(kernel__dir "$1")"/debs/*_"${version}"_*.deb >/dev/null 2>&1; then
		vm__locked "kernel-$1" make_kernel "$1" again || true
	fi
}

# kernel__ensure SERIES: the kernel is in the cache, or 1 and the reason on stderr.
kernel__ensure() {
	[ -s "$(kernel__elf "$1")" ] && return 0
	vm__need apt-get dpkg-deb zstd lz4 xz || return 1
	vm__locked "kernel-$1" make_kernel "$1"
}

# --- modules: the wanted ones and what they need, uncompressed, with their own modules.dep ---

kernel__modules() {
	printf '%s/modules-%s\n' "$(kernel__dir "$1")" "$(vm__hash_files "$VM_DIR/modules.txt")"
}

copy_module() {
	local from=$1 root=$2 out=$3 rel=${1#"$2"/}

	rel=lib/modules/${rel#*lib/modules/}
	mkdir -p "$out/$(dirname "$rel")"
	case $from in
	*.xz) xz -dc "$from" >"$out/${rel%.xz}" ;;
	*.zst) zstd -dcq "$from" >"$out/${rel%.zst}" ;;
	*) cp "$from" "$out/$rel" ;;
	esac
}

copy_modules() {
	local tree=$1 version=$2 out=$3 name path
	local -A seen=()

	while read -r name; do
		if ! modprobe -d "$tree" -S "$version" --show-depends "$name" >"$out/deps" 2>/dev/null; then
			echo "$name" >>"$out/absent"
			continue
		fi
		while read -r path; do
			[ -n "${seen[$path]:-}" ] && continue
			seen[$path]=1
			copy_module "$path" "$tree" "$out"
		done < <(awk '/^insmod/ { print $2 }' "$out/deps")
	done < <(vm__list "$VM_DIR/modules.txt")
	rm -f "$out/deps"
}

make_modules() {
	local series=$1 dir out tmp version

	dir=$(kernel__dir "$series")
	out=$(kernel__modules "$series")
	[ -d "$out" ] && return 0
	version=$(kernel__version "$series")
	tmp=$(mktemp -d "$dir/.modules-XXXXXX")
	mkdir -p "$tmp/tree" "$tmp/out/lib/modules/$version"
	unpack_debs "$dir/debs" "$tmp/tree"
	depmod -b "$tmp/tree" "$version"
	copy_modules "$tmp/tree" "$version" "$tmp/out"
	cp "$tmp/tree/lib/modules/$version"/modules.{builtin,order} "$tmp/out/lib/modules/$version/"
	cp "$tmp/tree/lib/modules/$version/modules.builtin.modinfo" "$tmp/out/lib/modules/$version/" 2>/dev/null || true
	depmod -b "$tmp/out" "$version"
	vm__retire "$dir"/modules-*
	chmod 755 "$tmp/out"
	mv "$tmp/out" "$out"
	rm -rf "$tmp"
}

# kernel__ensure_modules SERIES: its wanted modules are unpacked.
kernel__ensure_modules() {
	[ -d "$(kernel__modules "$1")" ] && return 0
	vm__need depmod modprobe dpkg-deb xz || return 1
	vm__locked "kernel-$1" make_modules "$1"
}

# kernel__load_order SERIES MODULE...: paths below the modules folder in the order of loading.
kernel__load_order() {
	local series=$1 root m

	shift
	root=$(kernel__modules "$series")
	for m in "$@"; do
		modprobe -d "$root" -S "$(kernel__version "$series")" --show-depends "$m" 2>/dev/null
	done | awk '/^insmod/ && !s[$2]++ { print $2 }' | sed "s|^.*/lib/modules/|lib/modules/|"
}

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The full guest: a Debian root image shared by all kernels, and per kernel an initramfs with its modules and
# the units of guest/full, laid over it.

readonly ROOT_EARLY=(virtio_pci virtio_blk virtio_console overlay)
readonly ROOT_APPEND='systemd.unit=vm.target systemd.show_status=0'

# The guest runs programs built here, so its suite is this machine's where that is one we know.
root__suite() {
	local name

	name=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	case $name in
	bookworm | trixie) echo "$name" ;;
	*) echo bookworm ;;
	esac
}

# What our programs load is named in packaging/packages.txt, lines "run: name|name..." (of names that
# changed between suites, the one that is installed here).
run_packages() {
	local row name names

	while read -r row; do
		IFS='|' read -ra names <<<"${row%\?}"
		for name in "${names[@]}"; do
			if dpkg -s "$name" >/dev/null 2>&1; then
				echo "$name"
				break
			fi
		done
	done < <(sed -n 's/^run: *//p' "$VM_REPO/packaging/packages.txt" 2>/dev/null)
}

root_packages() { { vm__list "$VM_DIR/root-packages.txt"; run_packages; } | sort -u | paste -sd,; }

root__image() {
	printf '%s/full/root-%s\n' "$VM_CACHE" "$(vm__hash_words "$(root__suite)" \
		"$(vm__list "$VM_DIR/root-packages.txt")" "$(sed -n 's/^run: *//p' "$VM_REPO/packaging/packages.txt")" \
		"$(vm__hash_files "$VM_DIR/lib/root.sh")")"
}

root__initrd() {
	printf '%s/full/initrd-%s-%s\n' "$VM_CACHE" "$1" "$(vm__hash_words \
		"$(kernel__ident "$1")" "$(kernel__modules "$1")" \
		"$(vm__hash_files "$VM_DIR/guest/full-init" "$VM_DIR"/guest/full/* "$VM_DIR/lib/root.sh")")"
}

root_sources() {
	local suite=$1 main security

	main=$(apt__uri Debian)
	security=$(apt__uri Debian-Security)
	[ -n "$main" ] || return 1
	echo "deb [signed-by=$VM_KEYRING] $main $suite main"
	[ -z "$security" ] || echo "deb [signed-by=$VM_KEYRING] $security $suite-security main"
}

bootstrap() {
	local root=$1 suite

	suite=$(root__suite)
	if [ "$(id -u)" != 0 ]; then
		vm__say "full guest: its root image is made by root: sudo tests/vm/prepare"
		return 1
	fi
	root_sources "$suite" >"$root.list" || {
		vm__say "no Debian archive known here: run apt-get update once as root"
		return 1
	}
	vm__say "full guest: installing Debian $suite (one to three minutes)"
	mmdebstrap --quiet --variant=minbase --mode=root --aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
		--include="$(root_packages)" \
		"$suite" "$root" "$root.list" >"$root.log" 2>&1 || {
		vm__say "mmdebstrap failed:"
		tail -n 5 "$root.log" >&2
		return 1
	}
}

finish_root() {
	local root=$1

	echo vm >"$root/etc/hostname"
	printf '%s\n' '127.0.0.1 localhost vm' '::1 localhost' >"$root/etc/hosts"
	rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
	# tests start these themselves
	rm -f "$root"/etc/systemd/system/multi-user.target.wants/{nginx,redis-server}.service
	(cd "$root/usr" && find lib lib64 -name '*.so*' -printf '%f\n') | sort -u
}

make_root() {
	local out tmp

	out=$(root__image)
	[ -d "$out" ] && return 0
	mkdir -p "$VM_CACHE/full"
	tmp=$(mktemp -d "$VM_CACHE/full/.root-XXXXXX")
	mkdir "$tmp/out"
	if ! bootstrap "$tmp/root"; then
		rm -rf "$tmp"
		return 1
	fi
	finish_root "$tmp/root" >"$tmp/out/libs"
	mke2fs -q -t ext4 -O ^has_journal -d "$tmp/root" "$tmp/out/image" \
		"$(($(du -sm "$tmp/root" | cut -f1) * 5 / 4 + 64))M" >/dev/null
	vm__hash_files "$tmp/out/image" >"$tmp/out/ident"
	vm__retire "$VM_CACHE"/full/root-*
	chmod 755 "$tmp/out"
	mv "$tmp/out" "$out"
	rm -rf "$tmp"
}

overlay_tree() {
	local ovl=$1 unit

	mkdir -p "$ovl/etc/systemd/system" "$ovl/usr/lib"
	install -m644 "$VM_DIR"/guest/full/vm{.target,-agent.service} "$ovl/etc/systemd/system/"
	install -m755 "$VM_DIR/guest/full/vm-agent" "$ovl/usr/lib/vm-agent"
	while read -r unit; do
		ln -s /dev/null "$ovl/etc/systemd/system/$unit"
	done < <(vm__list "$VM_DIR/guest/full/masked.txt")
}

root_tree() {
	local series=$1 root=$2

	mkdir -p "$root"/{proc,dev,usr/lib,ovl}
	cp "$(type -P busybox)" "$root/busybox"
	install -m755 "$VM_DIR/guest/full-init" "$root/init"
	ln -s usr/lib "$root/lib"
	cp -a "$(kernel__modules "$series")/lib/modules" "$root/usr/lib/modules"
	kernel__load_order "$series" "${ROOT_EARLY[@]}" >"$root/early"
	overlay_tree "$root/ovl"
}

make_root_initrd() {
	local series=$1 out tmp

	out=$(root__initrd "$series")
	[ -s "$out" ] && return 0
	mkdir -p "$VM_CACHE/full"
	tmp=$(mktemp -d "$VM_CACHE/full/.initrd-XXXXXX")
	root_tree "$series" "$tmp/root"
	light__pack "$tmp/root" >"$tmp/cpio"
	vm__retire "$VM_CACHE/full/initrd-$series-"*
	chmod 644 "$tmp/cpio"
	mv "$tmp/cpio" "$out"
	rm -rf "$tmp"
}

# root__ensure SERIES: all that its full guest boots from is in the cache.
root__ensure() {
	kernel__ensure "$1" || return "$VM_RC_SKIP"
	kernel__ensure_modules "$1" || return 1
	helper__ensure || return 1
	if [ ! -d "$(root__image)" ]; then
		vm__need mmdebstrap mke2fs || return 1
		vm__locked root make_root || return 1
	fi
	[ -s "$(root__initrd "$1")" ] && return 0
	vm__need busybox cpio modprobe || return 1
	vm__locked "root-$1" make_root_initrd "$1"
}

# root__line JOB: VM_QEMU for a full guest of OPT_KERNEL that boots.
root__line() {
	qemu__line "$(root__image)/image" "$1" "$(kernel__elf "$OPT_KERNEL")" \
		"$(root__initrd "$OPT_KERNEL")" "$ROOT_APPEND $OPT_APPEND"
	VM_QEMU+=(-device virtconsole,chardev=go)
}

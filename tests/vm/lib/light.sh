# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The light guest: an initramfs (busybox, modules, one script) and a read-only image of this machine's tools,
# of which the guest reads only what it runs.

readonly LIGHT_EARLY=(virtio_pci virtio_blk virtio_console)

light__tools_image() {
	printf '%s/light/tools-%s\n' "$VM_CACHE" \
		"$(vm__hash_files "$VM_DIR/tools.txt" "$VM_DIR/lib/light.sh" /var/lib/dpkg/status)"
}

light__initrd() {
	printf '%s/light/initrd-%s-%s\n' "$VM_CACHE" "$1" "$(vm__hash_words \
		"$(kernel__ident "$1")" "$(kernel__modules "$1")" \
		"$(vm__hash_files "$VM_DIR/guest/light-init" "$VM_DIR/lib/light.sh")")"
}

# place FILE ROOT: the file under the merged /usr of ROOT, links followed.
place() {
	local to=$1

	case $to in
	/bin/* | /sbin/* | /lib/* | /lib64/*) to=/usr$to ;;
	esac
	to=${to/#\/usr\/sbin/\/usr\/bin}
	mkdir -p "$2$(dirname "$to")"
	cp -aL "$1" "$2$to"
}

copy_tools() {
	local root=$1 name path programs=()

	while read -r name; do
		case $name in
		/*)
			[ ! -e "$name" ] || place "$name" "$root"
			continue
			;;
		esac
		path=$(type -P "$name") || {
			echo "$name" >>"$root/absent"
			continue
		}
		place "$path" "$root"
		programs+=("$path")
	done < <(vm__list "$VM_DIR/tools.txt")
	while read -r path; do
		place "$path" "$root"
	done < <(elf__libraries "${programs[@]}")
}

add_busybox() {
	local root=$1 applet

	mkdir -p "$root/usr/bb"
	cp "$(type -P busybox)" "$root/usr/bb/busybox"
	for applet in $(busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "$root/usr/bb/$applet"
	done
}

make_tools_image() {
	local out tmp size

	out=$(light__tools_image)
	[ -d "$out" ] && return 0
	vm__say "light guest: gathering tools"
	mkdir -p "$VM_CACHE/light"
	tmp=$(mktemp -d "$VM_CACHE/light/.tools-XXXXXX")
	mkdir "$tmp/root" "$tmp/out"
	copy_tools "$tmp/root"
	add_busybox "$tmp/root"
	(cd "$tmp/root/usr" && find lib lib64 -name '*.so*' -printf '%f\n') | sort -u >"$tmp/out/libs"
	size=$(du -sm "$tmp/root" | cut -f1)
	mke2fs -q -t ext4 -O ^has_journal -E root_owner=0:0 -d "$tmp/root" "$tmp/out/image" "$((size * 5 / 4 + 32))M" >/dev/null
	vm__retire "$VM_CACHE"/light/tools-*
	chmod 755 "$tmp/out"
	mv "$tmp/out" "$out"
	rm -rf "$tmp"
}

light_etc() {
	local etc=$1/etc

	mkdir -p "$etc"
	cat >"$etc/passwd" <<-'P'
		root:x:0:0:root:/root:/bin/bash
		daemon:x:1:1:daemon:/:/usr/sbin/nologin
		user:x:1000:1000:user:/tmp:/bin/bash
		nobody:x:65534:65534:nobody:/:/usr/sbin/nologin
	P
	printf '%s\n' root:x:0: daemon:x:1: user:x:1000: nogroup:x:65534: >"$etc/group"
	printf '%s\n' 'passwd: files' 'group: files' 'hosts: files dns' >"$etc/nsswitch.conf"
	printf '%s\n' '127.0.0.1 localhost vm' '::1 localhost' >"$etc/hosts"
	echo vm >"$etc/hostname"
	cp /etc/os-release "$etc/os-release"
	[ ! -e /etc/ssl/openssl.cnf ] || install -D -m644 /etc/ssl/openssl.cnf "$etc/ssl/openssl.cnf"
	: >"$etc/mtab" && ln -sf /proc/self/mounts "$etc/mtab"
}

light_tree() {
	local series=$1 root=$2 d

	mkdir -p "$root"/{proc,sys,dev,run,tmp,root,mnt,tools,var/lib,var/log,usr/lib,aeo}
	# the initramfs's own: everything below /usr is there only when the tools are mounted
	cp "$(type -P busybox)" "$root/busybox"
	for d in bin share bb lib64 lib/x86_64-linux-gnu lib/tc lib/locale lib/terminfo; do
		ln -s "/tools/usr/$d" "$root/usr/$d"
	done
	ln -s bin "$root/usr/sbin"
	ln -s usr/lib "$root/lib"
	ln -s usr/lib64 "$root/lib64"
	ln -s usr/bin "$root/bin"
	ln -s usr/bin "$root/sbin"
	light_etc "$root"
	install -m755 "$VM_DIR/guest/light-init" "$root/init"
	cp -a "$(kernel__modules "$series")/lib/modules" "$root/usr/lib/modules"
	kernel__load_order "$series" "${LIGHT_EARLY[@]}" >"$root/early"
}

# light__pack FOLDER: an initramfs of it.
light__pack() { (cd "$1" && find . -print0 | LC_ALL=C sort -z | cpio -o -0 --quiet -H newc -R 0:0); }

make_initrd() {
	local series=$1 out tmp

	out=$(light__initrd "$series")
	[ -s "$out" ] && return 0
	mkdir -p "$VM_CACHE/light"
	tmp=$(mktemp -d "$VM_CACHE/light/.initrd-XXXXXX")
	light_tree "$series" "$tmp/root"
	light__pack "$tmp/root" >"$tmp/cpio"
	vm__retire "$VM_CACHE/light/initrd-$series-"*
	chmod 644 "$tmp/cpio"
	mv "$tmp/cpio" "$out"
	rm -rf "$tmp"
}

# light__ensure SERIES: all that its light guest boots from is in the cache.
light__ensure() {
	kernel__ensure "$1" || return "$VM_RC_SKIP"
	kernel__ensure_modules "$1" || return 1
	helper__ensure || return 1
	if [ ! -d "$(light__tools_image)" ]; then
		vm__need busybox mke2fs ldd || return 1
		vm__locked tools make_tools_image || return 1
	fi
	[ -s "$(light__initrd "$1")" ] && return 0
	vm__need busybox cpio modprobe || return 1
	vm__locked "light-$1" make_initrd "$1"
}

# light__line JOB: VM_QEMU for a light guest of OPT_KERNEL.
light__line() {
	qemu__line "$(light__tools_image)/image" "$1" "$(kernel__elf "$OPT_KERNEL")" \
		"$(light__initrd "$OPT_KERNEL")" "$OPT_APPEND"
}

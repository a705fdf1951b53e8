# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Reads packages of any Debian suite and architecture without touching the machine's own lists,
# sources or package state. Sourced by the scripts that need it; needs no privilege.
#
#	private_apt__open DIR ARCH SUITE...	fetch the lists of the suites into DIR
#	private_apt CMD ARGS...			apt-cache or apt-get with those lists
#	private_apt__version PKG		newest version of PKG in the lists, or nothing
#	private_apt__unpack DEST PKG[=VERSION]	download PKG and unpack it into DEST
#
# The archive is the one that this machine's own lists name: a suite called *-security is read from
# the security archive, all others from the main one. apt checks every list by the keyring below.

PRIVATE_APT_KEYRING=${PRIVATE_APT_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}

# The machine's own archive with label $1 (Debian, Debian-Security), from its own sources.
private_apt__uri()
{
	local uri

	# shellcheck disable=SC2016 # the field is apt's
	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		'Origin: Debian' "Label: $1" | sort -u | head -n 1)
	if [ -z "$uri" ]; then
		echo "no archive labelled $1 in this machine's apt lists: run apt-get update" >&2
		return 1
	fi
	printf '%s\n' "$uri"
}

# One deb line for each suite named, for main alone.
private_apt__sources()
{
	local suite uri

	for suite; do
		case $suite in
		*-security) uri=$(private_apt__uri Debian-Security) || return 1 ;;
		*) uri=$(private_apt__uri Debian) || return 1 ;;
		esac
		printf 'deb [signed-by=%s] %s %s main\n' "$PRIVATE_APT_KEYRING" "$uri" "$suite"
	done
}

private_apt__open()
{
	local dir=$1 arch=$2

	shift 2
	mkdir -p "$dir/none" "$dir/lists/partial" "$dir/cache/archives/partial" || return 1
	dir=$(cd "$dir" && pwd) || return 1
	private_apt__sources "$@" >"$dir/sources.list" || return 1
	: >"$dir/status"
	PRIVATE_APT_DIR=$dir
	PRIVATE_APT_OPTIONS=(
		-o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=-
		-o "Dir::Etc::preferencesparts=$dir/none" -o "Dir::State::lists=$dir/lists"
		-o "Dir::State::status=$dir/status" -o "Dir::Cache=$dir/cache"
		-o "APT::Architecture=$arch" -o "APT::Architectures=$arch"
		-o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::Retries=3
	)
	# A suite that cannot be read is an error, never an older list used in silence.
	private_apt apt-get -qq -o APT::Update::Error-Mode=any update
}

private_apt()
{
	"$1" "${PRIVATE_APT_OPTIONS[@]}" "${@:2}"
}

private_apt__version()
{
	private_apt apt-cache policy "$1" | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

private_apt__unpack()
{
	local dest=$1 spec=$2 deb

	rm -f "$PRIVATE_APT_DIR"/*.deb
	(cd "$PRIVATE_APT_DIR" && private_apt apt-get -qq download "$spec" >/dev/null) || return 1
	for deb in "$PRIVATE_APT_DIR"/*.deb; do
		mkdir -p "$dest" && dpkg-deb -x "$deb" "$dest" || return 1
	done
	rm -f "$PRIVATE_APT_DIR"/*.deb
}

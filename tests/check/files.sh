# SPDX-License-Identifier: Apache-2.0
# Read by the checks: what they look at, and how they end. DIR (first argument) is the tree, "." by default.

dir=${1:-.}
passed=0 failed=0 skipped=0

# Files of the tree that match one of the patterns, without the kernel's types; what git ignores is no part of it.
sources()
{
	local all

	if ! all=$(git -C "$dir" ls-files -co --exclude-standard -- "$@" 2>/dev/null) || [ -z "$all" ]; then
		all=$(cd "$dir" && for p; do find . -path ./build -prune -o -path "./$p" -print; done | sed 's/^\.\///' | sort)
	fi
	# a file that was deleted and is not yet committed so is still listed
	grep -v '^vmlinux/[a-z]' <<<"$all" | while read -r f; do [ -f "$dir/$f" ] && printf '%s\n' "$f"; done
}

# verdict NAME FINDINGS: a check fails by what it found.
verdict()
{
	if [ -z "$2" ]; then
		echo "passed: $1"
		passed=$((passed + 1))
	else
		echo "FAILED: $1"
		sed 's/^/  /' <<<"$2" | head -40
		failed=$((failed + 1))
	fi
}

skip()
{
	echo "skipped: $1: $2"
	skipped=$((skipped + 1))
}

finish()
{
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}

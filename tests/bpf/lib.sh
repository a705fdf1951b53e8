# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests of this folder: a daemon of its own, a cgroup of its own, what the daemon saw, and the count of checks.
# Programs: aeod from PATH or $AEOD, the triggers from $TRIGGERS or the folder of the test. Needs root, jq and curl.
# Ends with "N passed, N failed, N skipped"; status 0 none failed, 1 some failed, 2 the test could not be made.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
AEOD=${AEOD:-$(command -v aeod || true)}
TRIGGERS=${TRIGGERS:-$here/trigger}
T=$(mktemp -d "${TMPDIR:-/tmp}/aeo-test.XXXXXX")
passed=0 failed=0 skipped=0
daemon='' listener='' own_cgroup=''
slow=1
[ -z "${AEO_VM:-}" ] || slow=4 # an emulated machine

ok() {
	passed=$((passed + 1))
	echo "ok   $1"
}

bad() {
	failed=$((failed + 1))
	echo "FAIL $1: $2"
}

skip() {
	skipped=$((skipped + 1))
	echo "skip $1: $2"
}

# check NAME GOT WANTED
check() {
	if [ "$2" = "$3" ]; then ok "$1"; else bad "$1" "got ${2:-nothing}, wanted $3"; fi
}

# between NAME GOT LEAST MOST: integers
between() {
	if [ -n "$2" ] && [ "$2" -ge "$3" ] && [ "$2" -le "$4" ]; then ok "$1"; else bad "$1" "got ${2:-nothing}, wanted $3 to $4"; fi
}

cannot() {
	echo "cannot be tested: $*" >&2
	exit 2
}

# within SECONDS COMMAND...: repeated until it succeeds
within() {
	local end=$((SECONDS + $1 * slow))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.3
	done
}

cleanup() {
	[ -z "$listener" ] || kill "$listener" 2>/dev/null
	[ -z "$daemon" ] || kill -INT "$daemon" 2>/dev/null
	[ -z "$daemon" ] || wait "$daemon" 2>/dev/null
	[ -z "$own_cgroup" ] || within 2 rmdir "$own_cgroup" 2>/dev/null # its last process may still be on its way out
	while mountpoint -q "$T/bpf"; do
		umount "$T/bpf" || umount -l "$T/bpf" || break
	done
	rm -rf --one-file-system "$T"
}

# a test that is ended takes its daemon along
trap cleanup EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

finish() {
	# an emulated machine that shed work did not see all: the failures are its own
	[ "$failed" = 0 ] || grep -s 'shedding' "$T/log"
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
	exit
}

is_ready() {
	grep -qs '^ready:' "$T/log"
}

# Whether events of new processes arrive.
hears() {
	/bin/true
	grep -q '"probe":"exec"' "$T/events"
}

# Start the daemon, and follow its events into $T/events. Every cgroup and call gets series of its own.
start_daemon() {
	port=$((20000 + RANDOM % 20000))
	printf 'export:\n  listen: "127.0.0.1:%s"\n  cgroups: 1000\n  calls: 200\n' "$port" >"$T/aeod.yaml"
	printf 'budget:\n  cpu: 100\n  bpf: 100\n' >>"$T/aeod.yaml" # an emulated machine would shed what is tested
	[ -x "$AEOD" ] || cannot "no aeod in PATH, nor in AEOD"
	mkdir -p "$T/bpf"
	mount -t bpf bpf "$T/bpf" || cannot "no bpffs of its own"
	"$AEOD" run --quiet --config "$T/aeod.yaml" --run-dir "$T/run" --state-dir "$T/state" --bpffs "$T/bpf" >"$T/log" 2>&1 &
	daemon=$!
	within 20 is_ready || cannot "aeod did not become ready: $(tail -n 3 "$T/log")"
	"$AEOD" events -f -o json --run-dir "$T/run" >"$T/events" 2>>"$T/log" &
	listener=$!
	within 5 hears || true # a daemon without eyes for exec is a daemon all the same
}

# The folder where a cgroup can be made that the daemon names, and that cgroup.
make_cgroup() {
	local root=/sys/fs/cgroup

	if [ ! -e $root/cgroup.controllers ]; then
		root=/sys/fs/cgroup/memory
	elif [ -w $root/cgroup.subtree_control ] && [ -n "${AEO_VM:-}" ]; then
		echo +memory >$root/cgroup.subtree_control
	fi
	own_name=aeo-test-$$
	own_cgroup=$root/$own_name
	mkdir "$own_cgroup" || cannot "no cgroup can be made in $root"
}

# Run a trigger in that cgroup; its report goes to $T/truth. The process is made outside and enters before it executes.
in_cgroup() {
	local rc=0

	(echo "$BASHPID" >"$own_cgroup/cgroup.procs" && cd "$T" && exec "$TRIGGERS/$1" "${@:2}") >"$T/truth" || rc=$?
	[ $rc = 0 ] || cannot "trigger $1 ended with $rc"
}

truth() {
	jq -r "$1" "$T/truth"
}

arrived() {
	grep -q "\"probe\":\"exec\".*\"pid\":$1," "$T/events" && grep -q "\"probe\":\"exit\".*\"pid\":$1," "$T/events"
}

# Wait for the end of a process that is made now: what happened before it has arrived too, in both rings. In vain where the probes
# of exec and exit are blind.
settle() {
	/bin/true &
	wait $!
	within 3 arrived $! || true
}

# judge PROGRAM: holds the events against the truth. PROGRAM is jq over $t, the trigger's report, and $e, all events; it makes arrays
# [NAME, GOT, WANTED] or [NAME, GOT, LEAST, MOST].
judge() {
	local name got want most

	settle
	while IFS=$'\t' read -r name got want most; do
		if [ -n "$most" ]; then between "$name" "$got" "$want" "$most"; else check "$name" "$got" "$want"; fi
	done < <(jq -nr --argjson slow $slow --slurpfile e "$T/events" --slurpfile t "$T/truth" "
		def of(\$probe): map(select(.probe == \$probe));
		def text: if type == \"string\" then . else tojson end;
		def ms: if . then tonumber / 1e6 | floor else null end;
		\$t[0] as \$t | ($1) | map(text) | join(\"\t\")")
}

scrape() {
	curl -sf --max-time 10 "http://127.0.0.1:$port/metrics" >"$1"
}

# metric FILE NAME LABEL...: sum over our cgroup's series of that name that carry every LABEL
metric() {
	awk -v name="$2{" -v own="cgroup=\"/$own_name\"" -v want="${*:3}" '
		index($0, name) == 1 && index($0, own) {
			n = split(want, w, " ")
			for (i = 1; i <= n; i++) if (!index($0, w[i])) next
			sum += $NF
		}
		END { printf "%.15g\n", sum }' "$1"
}

# growth NAME LABEL...: how much the metric grew from $T/before to $T/after
growth() {
	echo $(($(metric "$T/after" "$@") - $(metric "$T/before" "$@")))
}

grows() {
	[ -s "$T/after" ] && [ "$(growth "${@:2}")" = "$1" ] || {
		scrape "$T/after"
		[ "$(growth "${@:2}")" = "$1" ]
	}
}

# grew NAME WANTED METRIC LABEL...: a check of that, for counts
grew() {
	within 3 grows "${@:2}" || true
	check "$1" "$(growth "${@:3}")" "$2"
}

# before: where the counts stand
before() {
	rm -f "$T/after"
	scrape "$T/before" || cannot "no metrics"
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `aeod bugtool`: one archive with what helps to understand a fault. It asks the daemon and reads public files of the kernel; it reads no
 * command line, no environment and no file that a setting names. Without a daemon it says what is missing, and packs the rest.
 */
#include <sys/stat.h>
#include <sys/utsname.h>

#include "archive.h"
#include "clock.h"
#include "conf.h"
#include "metric.h"
#include "priv.h"
#include "shown.h"

#define ANSWER_MS 10000
#define TEXT_MAX (256u << 10) /* bytes of one file of the kernel */

struct bug {
	struct cli *cli;
	int fd; /* of the daemon; negative: why there is none */
	struct archive *archive;
	char folder[64];
	struct buf index; /* README: what is here, what is missing */
	size_t missing;
};

struct part {
	const char *file, *what;
	enum wire_kind kind; /* 0: not asked of the daemon */
	int (*collect)(struct bug *bug, const struct part *part, struct buf *out);
};

/* ---- from the daemon ---- */

static int ask_daemon(struct bug *bug, const struct part *part, struct buf *out)
{
	enum wire_kind answer;
	int err = bug->fd < 0 ? bug->fd : wire__send(bug->fd, part->kind, NULL, 0);

	if (!err)
		err = wire__recv(bug->fd, out, ANSWER_MS, &answer);
	if (!err && answer != WIRE_OK)
		err = -EPROTO;
	/* half an answer may be on its way: what follows would be read as another's */
	if (err && bug->fd >= 0) {
		close(bug->fd);
		bug->fd = err;
	}
	return err;
}

static int collect_metrics(struct bug *bug, const struct part *part, struct buf *out)
{
	cleanup_buf struct buf snapshot = BUF_INIT;
	int err = ask_daemon(bug, part, &snapshot);

	return err ? err : metrics__render(snapshot.data, snapshot.len, FORMAT_PROMETHEUS, out);
}

/* The daemon's, or the file's as it would be taken; never the file's own text, which may hold anything. */
static int collect_config(struct bug *bug, const struct part *part, struct buf *out)
{
	struct conf *conf;
	int err = ask_daemon(bug, part, out);

	if (!err)
		return 0;
	buf__clear(out);
	conf = conf__new();
	err = conf ? conf__read(conf, bug->cli->args.config, NULL) : -ENOMEM;
	if (err == -EINVAL)
		buf__str(out, "# the file is not valid; aeod run --check-config says where\n");
	else if (err == -ENOENT)
		buf__str(out, "# there is no file; these are the defaults\n");
	else if (!err)
		buf__str(out, "# the daemon does not run; this is what the file says\n");
	if (conf && (!err || err == -ENOENT))
		conf__print(conf, false, out);
	conf__free(conf);
	return err == -EINVAL || err == -ENOENT ? 0 : err;
}

/* ---- from the kernel ---- */

static FILE *open_below(const struct bug *bug, const char *path)
{
	char whole[512];

	(void)snprintf(whole, sizeof(whole), "%s%s", bug->cli->args.root, path);
	return fopen(whole, "re");
}

static void add_file(const struct bug *bug, const char *path, struct buf *out)
{
	cleanup_file FILE *f = open_below(bug, path);
	char line[1024];
	size_t begin = out->len;

	buf__printf(out, "== %s\n", path);
	if (!f)
		buf__printf(out, "(%s)\n", strerror(errno));
	while (f && fgets(line, sizeof(line), f) && out->len - begin < TEXT_MAX)
		buf__str(out, line);
}

static int collect_kernel(struct bug *bug, const struct part *part, struct buf *out)
{
	static const char *const files[] = {
		"/etc/os-release",
		"/proc/version",
		"/proc/cgroups",
		"/proc/loadavg",
		"/proc/pressure/cpu",
		"/proc/pressure/io",
		"/proc/pressure/memory",
		"/proc/sys/kernel/unprivileged_bpf_disabled",
		"/proc/sys/kernel/perf_event_paranoid",
		"/proc/sys/kernel/kptr_restrict",
		"/proc/sys/net/core/bpf_jit_enable",
		"/sys/kernel/security/lsm",
		"/sys/kernel/security/lockdown",
		"/sys/devices/system/cpu/possible",
		"/sys/devices/system/cpu/online",
		"/sys/devices/system/cpu/isolated",
		"/sys/devices/system/cpu/nohz_full",
	};
	struct utsname u;

	(void)part;
	if (!uname(&u))
		buf__printf(out, "%s %s %s %s\n", u.sysname, u.release, u.version, u.machine);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		add_file(bug, files[i], out);
	return 0;
}

/* Mounts of the kinds that matter here alone: the options of others may hold credentials. */
static int collect_mounts(struct bug *bug, const struct part *part, struct buf *out)
{
	static const char *const kinds[] = {" cgroup ", " cgroup2 ", " bpf ", " tracefs ",
					    " debugfs "};
	cleanup_file FILE *f = open_below(bug, "/proc/mounts");
	char line[4096];

	(void)part;
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			if (strstr(line, kinds[i]) && out->len < TEXT_MAX)
				buf__str(out, line);
	return 0;
}

static int collect_options(struct bug *bug, const struct part *part, struct buf *out)
{
	static const char *const words[] = {"BPF",    "BTF", "CGROUP",	 "PSI",	      "TRACE",
					    "KPROBE", "LSM", "LOCKDOWN", "SCHEDSTATS"};
	cleanup_file FILE *f = NULL;
	struct utsname u;
	char path[256], line[512];

	(void)part;
	if (uname(&u))
		return -errno;
	(void)snprintf(path, sizeof(path), "/boot/config-%.100s", u.release);
	f = open_below(bug, path);
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			if (strstr(line, words[i]) && out->len < TEXT_MAX) {
				buf__str(out, line);
				break;
			}
	return 0;
}

static int collect_version(struct bug *bug, const struct part *part, struct buf *out)
{
	(void)bug;
	(void)part;
	buf__printf(out, "aeod %s (%s)\n", AEO_VERSION, AEO_REVISION);
	return 0;
}

static int collect_log_hints(struct bug *bug, const struct part *part, struct buf *out)
{
	(void)part;
	buf__printf(
		out,
		"The daemon's messages are not in this archive: they may name what your programs are called.\n"
		"Under systemd:    journalctl -b -u autoecoops.service\n"
		"Started by hand:  its standard error\n"
		"Kernel messages:  journalctl -k, or dmesg\n"
		"A crash:          coredumpctl info aeod\n"
		"The socket:       %s/aeod.sock\n",
		bug->cli->args.run_dir);
	return 0;
}

static const struct part parts[] = {
	{"version.txt", "which build this is", 0, collect_version},
	{"status.json", "what runs, what was lost, what it costs", WIRE_STATUS, ask_daemon},
	{"probes.json", "probes, their variants and why", WIRE_PROBES, ask_daemon},
	{"top.json", "who waits now", WIRE_TOP, ask_daemon},
	{"line.json", "the node in the last second", WIRE_LINE, ask_daemon},
	{"metrics.txt", "all metrics, as Prometheus would get them", WIRE_METRICS, collect_metrics},
	{"config.yaml", "the configuration, secrets as ***", WIRE_CONFIG, collect_config},
	{"kernel.txt", "kernel, distribution, what it allows", 0, collect_kernel},
	{"mounts.txt", "mounts of cgroup, bpf and trace file systems", 0, collect_mounts},
	{"kernel-options.txt", "how this kernel was built, as far as it matters here", 0,
	 collect_options},
	{"log.txt", "where messages are found", 0, collect_log_hints},
};

/* ---- packing ---- */

static int pack(struct bug *bug, const char *file, const struct buf *content)
{
	char name[100];

	(void)snprintf(name, sizeof(name), "%s/%s", bug->folder, file);
	return content->failed ?
		       -ENOMEM :
		       archive__add(bug->archive, name, content->data ? content->data : "",
				    content->len, clock__wall() / NS_PER_S);
}

static int pack_part(struct bug *bug, const struct part *part)
{
	cleanup_buf struct buf content = BUF_INIT;
	int err = part->collect(bug, part, &content);

	if (!err) {
		buf__printf(&bug->index, "  %-20s %s\n", part->file, part->what);
		return pack(bug, part->file, &content);
	}
	buf__printf(&bug->index, "  %-20s MISSING (%s): %s\n", part->file, strerror(-err),
		    part->what);
	log_warn("%s is missing: %s", part->file, strerror(-err));
	bug->missing++;
	return 0;
}

static int pack_all(struct bug *bug)
{
	int err = 0;

	buf__printf(&bug->index, "What aeod %s says about a node, for a bug report.\n\n",
		    AEO_VERSION);
	if (bug->fd < 0)
		buf__printf(&bug->index, "The daemon could not be reached (%s).\n\n",
			    strerror(-bug->fd));
	for (size_t i = 0; !err && i < ARRAY_SIZE(parts); i++)
		err = pack_part(bug, &parts[i]);
	buf__str(
		&bug->index,
		"\nNot in it: secrets of the configuration, arguments and environments of processes, events, files that the\n"
		"configuration names. In it: names of the node, its units, containers, cgroups and programs. Look before you\n"
		"send it.\n");
	return err ? err : pack(bug, "README.txt", &bug->index);
}

/* "aeod-bugtool-NODE-20260102T030405Z": also the folder inside. */
static void name_folder(struct bug *bug)
{
	struct utsname u = {.nodename = "node"};
	time_t now = time(NULL);
	char at[32] = "";
	struct tm tm;

	(void)uname(&u);
	for (char *p = u.nodename; *p; p++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-", *p))
			*p = '-';
	if (gmtime_r(&now, &tm))
		(void)strftime(at, sizeof(at), "%Y%m%dT%H%M%SZ", &tm);
	(void)snprintf(bug->folder, sizeof(bug->folder), "aeod-bugtool-%.30s-%s", u.nodename, at);
}

static int connect_daemon(const struct cli *c)
{
	char path[512];

	return args__path(&c->args, "aeod.sock", path, sizeof(path)) ? wire__connect(path) :
								       -ENAMETOOLONG;
}

static int write_archive(struct bug *bug, const char *path)
{
	int err, end;

	bug->archive = archive__create(path);
	if (!bug->archive)
		return -errno;
	err = pack_all(bug);
	end = archive__finish(bug->archive);
	if (err && !end)
		(void)unlink(path);
	return err ? err : end;
}

int cmd_bugtool(struct cli *c)
{
	struct bug bug = {.cli = c};
	struct verb_options o;
	char path[512];
	int err;

	if (options__parse(c, &o))
		return EXIT_USAGE;
	name_folder(&bug);
	(void)snprintf(path, sizeof(path), "%s%s", o.file ? o.file : bug.folder,
		       o.file ? "" : ".tar.gz");
	bug.fd = connect_daemon(c);
	if (bug.fd < 0)
		log_warn("no daemon at %s: %s", c->args.run_dir, strerror(-bug.fd));
	err = write_archive(&bug, path);
	if (err)
		log_error("%s: %s", path, strerror(-err));
	else
		shown__line("%s: look into it before you send it%s", path,
			    bug.missing ? "; what is missing is listed in it" : "");
	if (bug.fd >= 0)
		close(bug.fd);
	buf__done(&bug.index);
	return err ? EXIT_FAILED : EXIT_OK;
}

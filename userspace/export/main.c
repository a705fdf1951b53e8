/* SPDX-License-Identifier: Apache-2.0 */
/* aeo-export: the mouth. Serves what the sensor sees to Prometheus; has no rights, reads nothing of the kernel. */
#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>

#include "export.h"
#include "log.h"

/* The supervisor gives us one end of a pair as this descriptor: when it ends, so do we. */
#define LEASH_FD 3

static int usage(FILE *f, int code)
{
	fprintf(f,
		"usage: aeo-export [options]\n"
		"Serves /metrics, /healthz and /readyz; `aeod run` starts it.\n\n%s"
		"  --listen A:PORT    instead of export.listen\n"
		"  --version          version and revision\n",
		args__help());
	return code;
}

/* Take --listen out of what the common options left. 0, or -EINVAL with the word that nobody knows in *ret_bad. */
static int take_rest(char **argv, struct exporter *e, bool *ret_version, const char **ret_bad)
{
	for (char **a = argv + 1; *a; a++) {
		*ret_bad = *a;
		if (!strncmp(*a, "--listen=", 9))
			e->listen = *a + 9;
		else if (!strcmp(*a, "--listen") && a[1])
			e->listen = *++a;
		else if (!strcmp(*a, "--version"))
			*ret_version = true;
		else
			return -EINVAL;
	}
	return 0;
}

static int read_conf(const struct args *args, struct conf *c)
{
	cleanup_buf struct buf why = BUF_INIT;
	int err = conf__read(c, args->config, &why);

	if (!err || (err == -ENOENT && !args->config_named))
		return 0;
	if (why.len)
		log_error("%s", why.data);
	else
		log_error("%s: %s", args->config, strerror(-err));
	return err;
}

int main(int argc, char **argv)
{
	struct args args = ARGS_INIT;
	struct exporter e = {.args = &args, .leash = -1, .limits = HTTP_LIMITS};
	const char *bad = NULL;
	bool version = false;
	struct stat st;
	int code = EXPORT_CONFIG;

	/* before anything else opens a descriptor */
	if (!fstat(LEASH_FD, &st) && S_ISSOCK(st.st_mode))
		e.leash = LEASH_FD;
	/* pages of snapshots and texts go back to the system between scrapes */
	(void)mallopt(M_MMAP_THRESHOLD, 131072);
	(void)signal(SIGPIPE, SIG_IGN);
	log__init("aeo-export", LOG_INFO);
	if (args__take(&argc, argv, &args, &bad) || take_rest(argv, &e, &version, &bad)) {
		fprintf(stderr, "aeo-export: %s: unknown, or without its value\n", bad);
		return usage(stderr, EXPORT_CONFIG);
	}
	if (args.help)
		return usage(stdout, 0);
	if (version) {
		printf("aeo-export %s (%s)\n", AEO_VERSION, AEO_REVISION);
		return 0;
	}
	e.conf = conf__new();
	if (e.conf && !read_conf(&args, e.conf)) {
		exporter__log(e.conf);
		code = args.check_config ? 0 : exporter__run(&e);
	}
	conf__free(e.conf);
	return code;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The options that every program takes, and where things lie. */
#ifndef AEO_ARGS_H
#define AEO_ARGS_H

#include "base.h"

#define RUN_DIR_DEFAULT "/run/autoecoops"
#define CONFIG_DEFAULT "/etc/autoecoops/aeod.yaml"

struct args {
	const char *config;    /* --config; CONFIG_DEFAULT */
	bool config_named;     /* it must exist */
	const char *run_dir;   /* --run-dir; RUN_DIR_DEFAULT: socket, lock */
	const char *state_dir; /* --state-dir; /var/lib/autoecoops */
	const char *bpffs;     /* --bpffs; /sys/fs/bpf */
	const char *root; /* --root; "" : where /proc, /sys and the runtimes' files are looked for */
	bool quiet;	  /* --quiet: no line a second, no live view */
	bool check_config; /* --check-config */
	bool help;
};

#define ARGS_INIT                                                                                 \
	{                                                                                         \
		CONFIG_DEFAULT, false, RUN_DIR_DEFAULT, "/var/lib/autoecoops", "/sys/fs/bpf", "", \
			false, false, false                                                       \
	}

/*
 * Take the common options out of argv[1..]: both `--run-dir D` and `--run-dir=D`. The rest stays,
 * in order, from argv[1] on, and *argc is lowered. 0, or -EINVAL with the offending word in
 * *ret_bad (an option without its value). Strings point into argv.
 */
int args__take(int *argc, char **argv, struct args *ret, const char **ret_bad);

/* The same options as arguments for a child, from argv[at] on: at most 10 pointers, NULL-terminated
 * by the caller. Number written. */
int args__give(const struct args *a, const char **argv);

/* Text for --help: one line an option. */
const char *args__help(void);

/* RUN_DIR/name into path; false when it does not fit. */
bool args__path(const struct args *a, const char *name, char *path, size_t n);

#endif

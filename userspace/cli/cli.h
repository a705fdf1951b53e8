/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of aeod. All but `run` and `sensor` are clients of the running daemon. */
#ifndef AEO_CLI_H
#define AEO_CLI_H

#include "args.h"

/* Verbs that live in other rooms: main joins them. */
struct cli_doors {
	int (*run)(const struct args *a);
	int (*sensor)(const struct args *a);
	int (*check_config)(const struct args *a);
};

/* Dispatch argv. Exit code (ACTING section 9): 0 ok, 1 failed, 2 usage, 6 daemon unreachable. */
int cli__main(int argc, char **argv, const struct cli_doors *doors);

#endif
